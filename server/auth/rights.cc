#include "server/auth/rights.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::auth {
namespace {

struct Right {
  absl::string_view method;
  Role least;
};

// Every method of the API, one a line.
constexpr Right kRights[] = {
    {"/sumscope.v1.RunService/CreateRun", Role::kOwner},
    {"/sumscope.v1.RunService/GetRun", Role::kOwner},
    {"/sumscope.v1.RunService/ListRuns", Role::kOwner},
    {"/sumscope.v1.RunService/UpdateRun", Role::kOwner},
    {"/sumscope.v1.RunService/WatchRun", Role::kOwner},
    {"/sumscope.v1.RunService/CancelRun", Role::kOwner},
    {"/sumscope.v1.RunService/ResumeRun", Role::kOwner},
    {"/sumscope.v1.RunService/RetryRun", Role::kOwner},
    {"/sumscope.v1.RunService/DeleteRun", Role::kOwner},
    {"/sumscope.v1.RunService/UndeleteRun", Role::kOwner},
    {"/sumscope.v1.RunService/ListMetrics", Role::kOwner},
    {"/sumscope.v1.RunService/StreamMetrics", Role::kOwner},
    {"/sumscope.v1.RunService/ListLogs", Role::kOwner},
    {"/sumscope.v1.RunService/ListCheckpoints", Role::kOwner},
    {"/sumscope.v1.RunService/DownloadCheckpoint", Role::kOwner},
    {"/sumscope.v1.RunService/ImportRun", Role::kOwner},
    {"/sumscope.v1.AnalysisService/CreateAnalysis", Role::kOwner},
    {"/sumscope.v1.AnalysisService/GetAnalysis", Role::kOwner},
    {"/sumscope.v1.AnalysisService/ListAnalyses", Role::kOwner},
    {"/sumscope.v1.AnalysisService/WatchAnalysis", Role::kOwner},
    {"/sumscope.v1.AnalysisService/CancelAnalysis", Role::kOwner},
    {"/sumscope.v1.AnalysisService/DeleteAnalysis", Role::kOwner},
    {"/sumscope.v1.CaptureService/ListCaptures", Role::kOwner},
    {"/sumscope.v1.CaptureService/GetCapture", Role::kOwner},
    {"/sumscope.v1.CaptureService/ReadTensor", Role::kOwner},
    {"/sumscope.v1.CaptureService/DownloadCapture", Role::kOwner},
    {"/sumscope.v1.CaptureService/DeleteCapture", Role::kOwner},
    {"/sumscope.v1.FactService/ListFacts", Role::kOwner},
    {"/sumscope.v1.QuestionSetService/UploadQuestionSet", Role::kOwner},
    {"/sumscope.v1.QuestionSetService/GetQuestionSet", Role::kOwner},
    {"/sumscope.v1.QuestionSetService/ListQuestionSets", Role::kOwner},
    {"/sumscope.v1.SystemService/GetServerInfo", Role::kOwner},
};

}  // namespace

absl::Status CheckRight(const Caller& caller, absl::string_view method) {
  for (const Right& right : kRights) {
    if (right.method == method && caller.role >= right.least) return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kPermissionDenied, "METHOD_DENIED",
                   absl::StrCat(caller.name, " may not call ", Quote(method), "; ask an owner of the server"));
}

}  // namespace sumscope::auth
