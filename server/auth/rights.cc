#include "server/auth/rights.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::auth {
namespace {

constexpr Role kViewer = Role::kViewer, kMember = Role::kMember, kAdmin = Role::kAdmin;
constexpr Whose kAny = Whose::kAnybodys, kOwn = Whose::kOwn;
constexpr bool kReads = false, kMutates = true;

// Every method of the API, one a line.
constexpr Right kRights[] = {
    {"/sumscope.v1.RunService/CreateRun", kMember, kAny, kMutates},
    {"/sumscope.v1.RunService/GetRun", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/ListRuns", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/UpdateRun", kMember, kOwn, kMutates},
    {"/sumscope.v1.RunService/WatchRun", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/CancelRun", kMember, kOwn, kMutates},
    {"/sumscope.v1.RunService/ResumeRun", kMember, kOwn, kMutates},
    {"/sumscope.v1.RunService/RetryRun", kMember, kAny, kMutates},
    {"/sumscope.v1.RunService/DeleteRun", kMember, kOwn, kMutates},
    {"/sumscope.v1.RunService/UndeleteRun", kMember, kOwn, kMutates},
    {"/sumscope.v1.RunService/ListMetrics", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/StreamMetrics", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/ListLogs", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/ListCheckpoints", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/DownloadCheckpoint", kViewer, kAny, kReads},
    {"/sumscope.v1.RunService/ImportRun", kMember, kAny, kMutates},
    {"/sumscope.v1.AnalysisService/CreateAnalysis", kMember, kAny, kMutates},
    {"/sumscope.v1.AnalysisService/GetAnalysis", kViewer, kAny, kReads},
    {"/sumscope.v1.AnalysisService/ListAnalyses", kViewer, kAny, kReads},
    {"/sumscope.v1.AnalysisService/WatchAnalysis", kViewer, kAny, kReads},
    {"/sumscope.v1.AnalysisService/CancelAnalysis", kMember, kOwn, kMutates},
    {"/sumscope.v1.AnalysisService/DeleteAnalysis", kMember, kOwn, kMutates},
    {"/sumscope.v1.CaptureService/ListCaptures", kViewer, kAny, kReads},
    {"/sumscope.v1.CaptureService/GetCapture", kViewer, kAny, kReads},
    {"/sumscope.v1.CaptureService/ReadTensor", kViewer, kAny, kReads},
    {"/sumscope.v1.CaptureService/DownloadCapture", kViewer, kAny, kReads},
    {"/sumscope.v1.CaptureService/DeleteCapture", kMember, kOwn, kMutates},
    {"/sumscope.v1.FactService/ListFacts", kViewer, kAny, kReads},
    {"/sumscope.v1.QuestionSetService/UploadQuestionSet", kMember, kAny, kMutates},
    {"/sumscope.v1.QuestionSetService/GetQuestionSet", kViewer, kAny, kReads},
    {"/sumscope.v1.QuestionSetService/ListQuestionSets", kViewer, kAny, kReads},
    {"/sumscope.v1.UserService/GetCaller", kViewer, kAny, kReads},
    {"/sumscope.v1.UserService/CreateUser", kAdmin, kAny, kMutates},
    {"/sumscope.v1.UserService/GetUser", kViewer, kOwn, kReads},
    {"/sumscope.v1.UserService/ListUsers", kAdmin, kAny, kReads},
    {"/sumscope.v1.UserService/UpdateUser", kAdmin, kAny, kMutates},
    {"/sumscope.v1.UserService/CreateToken", kViewer, kOwn, kMutates},
    {"/sumscope.v1.UserService/ListTokens", kViewer, kOwn, kReads},
    {"/sumscope.v1.UserService/RevokeToken", kViewer, kOwn, kMutates},
    {"/sumscope.v1.UserService/ListAuditRecords", kAdmin, kAny, kReads},
    {"/sumscope.v1.SystemService/GetServerInfo", kViewer, kAny, kReads},
    {"/sumscope.v1.QueueService/ListJobs", kViewer, kAny, kReads},
    {"/sumscope.v1.QueueService/ExplainJob", kViewer, kAny, kReads},
    {"/sumscope.v1.QueueService/HoldJob", kMember, kOwn, kMutates},
    {"/sumscope.v1.QueueService/ReleaseJob", kMember, kOwn, kMutates},
    {"/sumscope.v1.QueueService/SetJobPriority", kMember, kOwn, kMutates},
    {"/sumscope.v1.DeviceService/ListDevices", kViewer, kAny, kReads},
    {"/sumscope.v1.DeviceService/WatchDevices", kViewer, kAny, kReads},
    {"/sumscope.v1.SweepService/CreateSweep", kMember, kAny, kMutates},
    {"/sumscope.v1.SweepService/GetSweep", kViewer, kAny, kReads},
    {"/sumscope.v1.SweepService/ListSweeps", kViewer, kAny, kReads},
    {"/sumscope.v1.SweepService/WatchSweep", kViewer, kAny, kReads},
    {"/sumscope.v1.SweepService/CancelSweep", kMember, kOwn, kMutates},
    {"/sumscope.v1.SweepService/RetrySweep", kMember, kOwn, kMutates},
    {"/sumscope.v1.SweepService/DeleteSweep", kMember, kOwn, kMutates},
};

absl::string_view NameOf(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kMember:
      return "member";
    case Role::kAdmin:
      return "admin";
  }
  return "nobody";
}

absl::Status Denied(absl::string_view reason, absl::string_view message, absl::string_view method) {
  return MakeError(absl::StatusCode::kPermissionDenied, reason, message, {{"method", std::string(method)}});
}

}  // namespace

absl::Span<const Right> Rights() { return kRights; }

const Right* FindRight(absl::string_view method) {
  const auto* const found =
      std::find_if(std::begin(kRights), std::end(kRights), [&](const Right& right) { return right.method == method; });
  return found == std::end(kRights) ? nullptr : found;
}

absl::Status CheckRole(const Caller& caller, absl::string_view method) {
  const Right* const right = FindRight(method);
  if (right == nullptr) {
    return Denied("METHOD_DENIED", absl::StrCat("nobody may call ", Quote(method), ": it is no method of this server"),
                  method);
  }
  if (caller.role >= right->least) return absl::OkStatus();
  return Denied(
      "METHOD_DENIED",
      absl::StrCat("you are ", caller.name, ", a ", NameOf(caller.role), "; ", method.substr(method.rfind('/') + 1),
                   " takes the role ", NameOf(right->least), ": ask an admin of the server"),
      method);
}

absl::Status CheckOwner(const Caller& caller, absl::string_view method, absl::string_view owner) {
  const Right* const right = FindRight(method);
  if (right != nullptr && right->whose == Whose::kAnybodys) return absl::OkStatus();
  if (right != nullptr && (caller.role == Role::kAdmin || caller.name == owner)) return absl::OkStatus();
  return Denied("NOT_OWNER",
                absl::StrCat("you are ", caller.name, "; what belongs to ", Quote(owner),
                             " only they and admins of the server ", "may ask for or change"),
                method);
}

}  // namespace sumscope::auth
