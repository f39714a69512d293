#include "server/auth/rights.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "proto/contract/errors/errors.h"
#include "tests/support/public_methods.h"

namespace sumscope::auth {
namespace {

Caller As(Role role) {
  Caller caller;
  caller.name = "ada";
  caller.role = role;
  return caller;
}

// As the road asks: the role first, then whose it is.
absl::Status May(Role role, const std::string& method, const std::string& owner) {
  const absl::Status status = CheckRole(As(role), method);
  return status.ok() ? CheckOwner(As(role), method, owner) : status;
}

std::string PathEndingIn(const std::string& method) {
  for (const auto* known : PublicMethods()) {
    if (known->name() == method) return PathOf(*known);
  }
  return "";
}

// What ada may, written down apart from the table: each method's answers to a viewer, a member and an admin, with what
// is ada's and with what is bob's. '+' yes, 'r' the role does not suffice, 'o' it is another's.
struct Expected {
  const char* own;
  const char* others;
};
const Expected kEverybody{"+++", "+++"}, kMakes{"r++", "r++"}, kChanges{"r++", "ro+"}, kOnesOwn{"+++", "oo+"},
    kAdministers{"rr+", "rr+"};
const std::map<std::string, Expected> kExpected = {
    {"CreateRun", kMakes},
    {"GetRun", kEverybody},
    {"ListRuns", kEverybody},
    {"UpdateRun", kChanges},
    {"WatchRun", kEverybody},
    {"CancelRun", kChanges},
    {"ResumeRun", kChanges},
    {"RetryRun", kMakes},
    {"DeleteRun", kChanges},
    {"UndeleteRun", kChanges},
    {"ListMetrics", kEverybody},
    {"StreamMetrics", kEverybody},
    {"ListLogs", kEverybody},
    {"ListCheckpoints", kEverybody},
    {"DownloadCheckpoint", kEverybody},
    {"ImportRun", kMakes},
    {"CreateAnalysis", kMakes},
    {"GetAnalysis", kEverybody},
    {"ListAnalyses", kEverybody},
    {"WatchAnalysis", kEverybody},
    {"CancelAnalysis", kChanges},
    {"DeleteAnalysis", kChanges},
    {"ListCaptures", kEverybody},
    {"GetCapture", kEverybody},
    {"ReadTensor", kEverybody},
    {"DownloadCapture", kEverybody},
    {"DeleteCapture", kChanges},
    {"ListFacts", kEverybody},
    {"UploadQuestionSet", kMakes},
    {"GetQuestionSet", kEverybody},
    {"ListQuestionSets", kEverybody},
    {"GetServerInfo", kEverybody},
    {"GetCaller", kEverybody},
    {"CreateUser", kAdministers},
    {"GetUser", kOnesOwn},
    {"ListUsers", kAdministers},
    {"UpdateUser", kAdministers},
    {"CreateToken", kOnesOwn},
    {"ListTokens", kOnesOwn},
    {"RevokeToken", kOnesOwn},
    {"ListAuditRecords", kAdministers},
    {"ListJobs", kEverybody},
    {"ExplainJob", kEverybody},
    {"HoldJob", kChanges},
    {"ReleaseJob", kChanges},
    {"SetJobPriority", kChanges},
    {"ListDevices", kEverybody},
    {"WatchDevices", kEverybody},
    {"CreateSweep", kMakes},
    {"GetSweep", kEverybody},
    {"ListSweeps", kEverybody},
    {"WatchSweep", kEverybody},
    {"CancelSweep", kChanges},
    {"RetrySweep", kChanges},
    {"DeleteSweep", kChanges},
};

char Answer(const absl::Status& status) {
  if (status.ok()) return '+';
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  if (ErrorReason(status) == "METHOD_DENIED") return 'r';
  EXPECT_EQ(ErrorReason(status), "NOT_OWNER");
  return 'o';
}

TEST(Rights_Test, EveryMethodHasOneRowAndEveryRowAMethod) {
  std::set<std::string> methods, rows;
  for (const auto* method : PublicMethods()) methods.insert(PathOf(*method));
  for (const Right& right : Rights()) EXPECT_TRUE(rows.insert(std::string(right.method)).second) << right.method;
  EXPECT_EQ(rows, methods);
}

TEST(Rights_Test, EveryMethodEveryRoleAndOwnerThenAsWrittenDown) {
  EXPECT_EQ(kExpected.size(), Rights().size());
  for (const auto& [method, expected] : kExpected) {
    const std::string path = PathEndingIn(method);
    std::string own, others;
    for (const Role role : {Role::kViewer, Role::kMember, Role::kAdmin}) {
      own += Answer(May(role, path, "ada"));
      others += Answer(May(role, path, "bob"));
    }
    EXPECT_EQ(own, expected.own) << path;
    EXPECT_EQ(others, expected.others) << path;
  }
}

TEST(Rights_Test, MethodReadsThenItLeavesNoRowInTheAudit) {
  for (const auto* method : PublicMethods()) {
    bool reads = false;
    for (const char* verb : {"Get", "List", "Watch", "Stream", "Read", "Download", "Explain"}) {
      reads = reads || absl::StartsWith(method->name(), verb);
    }
    EXPECT_EQ(FindRight(PathOf(*method))->mutates, !reads) << PathOf(*method);
  }
}

TEST(Rights_Test, MethodIsUnknownThenNobodyMayCallIt) {
  for (const char* method : {"", "/sumscope.v1.RunService/Nonsense", "GetRun", "/sumscope.v1.RunService/GetRun/"}) {
    EXPECT_EQ(FindRight(method), nullptr);
    EXPECT_EQ(ErrorReason(CheckRole(As(Role::kAdmin), method)), "METHOD_DENIED") << method;
    EXPECT_EQ(ErrorReason(CheckOwner(As(Role::kAdmin), method, "ada")), "NOT_OWNER") << method;
  }
}

}  // namespace
}  // namespace sumscope::auth
