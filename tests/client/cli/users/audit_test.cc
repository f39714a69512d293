// sumscope audit: what is asked, and how records look.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Audit_Test : public CommandFixture {
 protected:
  Audit_Test() {
    v1::AuditRecord& made = server_.audit.emplace_back();
    made.set_sequence(8);
    made.mutable_time()->set_seconds(1'700'006'400);
    made.set_user("users/ada");
    made.set_credential("token laptop");
    made.set_address("10.0.0.7");
    made.set_method("/sumscope.v1.RunService/CreateRun");
    made.set_resource("runs/r7k2m9qa");
    made.set_code("OK");
    made.set_request_id("11111111-2222-4333-8444-555555555555");
    v1::AuditRecord& refused = server_.audit.emplace_back();
    refused.set_sequence(7);
    refused.mutable_time()->set_seconds(1'700'000'000);
    refused.set_address("10.0.0.9");
    refused.set_method("/sumscope.v1.RunService/DeleteRun");
    refused.set_code("UNAUTHENTICATED");
    refused.set_reason("TOKEN_EXPIRED");
  }

  int64_t SinceOf(const std::string& text) {
    EXPECT_EQ(Run({"audit", "--since", text}), 0) << text;
    return server_.LastRequest<v1::ListAuditRecordsRequest>().since().seconds();
  }
};

TEST_F(Audit_Test, WhenItIsListedThenEveryFormatHasIt) {
  EXPECT_EQ(Run({"audit"}), 0);
  EXPECT_EQ(Out(),
            "TIME                  USER  METHOD     RESOURCE       OUTCOME        FROM\n"
            "2023-11-15T00:00:00Z  ada   CreateRun  runs/r7k2m9qa  OK             10.0.0.7\n"
            "2023-11-14T22:13:20Z  -     DeleteRun  -              TOKEN_EXPIRED  10.0.0.9\n");
  EXPECT_EQ(Run({"audit", "-o", "csv"}), 0);
  EXPECT_EQ(Out(),
            "time,user,method,resource,code,reason,credential,address,request_id,sequence\n"
            "2023-11-15T00:00:00Z,ada,/sumscope.v1.RunService/CreateRun,runs/r7k2m9qa,OK,,token laptop,10.0.0.7,"
            "11111111-2222-4333-8444-555555555555,8\n"
            "2023-11-14T22:13:20Z,,/sumscope.v1.RunService/DeleteRun,,UNAUTHENTICATED,TOKEN_EXPIRED,,10.0.0.9,,7\n");
  EXPECT_EQ(Run({"audit", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("token laptop"));
  EXPECT_EQ(Run({"audit", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["records"][1]["reason"], "TOKEN_EXPIRED");
  EXPECT_EQ(Run({"audit", "--limit", "1", "-q"}), 0);
  EXPECT_EQ(Out(), "8\n");
}

TEST_F(Audit_Test, WhenOneAsksForAPartThenTheRequestSaysWhich) {
  EXPECT_EQ(Run({"audit", "--user", "ada", "--method", "CreateRun", "--resource", "users/bob"}), 0);
  const auto request = server_.LastRequest<v1::ListAuditRecordsRequest>();
  EXPECT_EQ(request.user(), "users/ada");
  EXPECT_EQ(request.method(), "CreateRun");
  EXPECT_EQ(request.resource(), "users/bob");
  EXPECT_FALSE(request.has_since());
}

TEST_F(Audit_Test, WhenAResourceIsAWordThenItIsARun) {
  const auto resource_of = [this](const std::string& text) {
    EXPECT_EQ(Run({"audit", "--resource", text}), 0);
    return server_.LastRequest<v1::ListAuditRecordsRequest>().resource();
  };
  EXPECT_EQ(resource_of("@last"), "runs/r7k2m9qa");
  EXPECT_EQ(resource_of("r7"), "runs/r7k2m9qa");
  EXPECT_EQ(resource_of("rgone777"), "runs/rgone777") << "it may have been purged";
  EXPECT_EQ(resource_of("runs/r7k2m9qa/captures/c1"), "runs/r7k2m9qa/captures/c1");
  for (const char* all : {"runs", "runs/", "users"}) EXPECT_EQ(Run({"audit", "--resource", all}), 2) << all;
  EXPECT_EQ(Run({"audit", "--resource", "r7k2m9qa/c1"}), 2);
  EXPECT_THAT(Err(), HasSubstr("[RESOURCE_NAME_INVALID]"));
}

TEST_F(Audit_Test, WhenATimeIsGivenThenItIsAbsoluteInTheRequest) {
  EXPECT_EQ(SinceOf("7d"), 1'700'010'000 - 7 * 86'400);
  EXPECT_EQ(SinceOf("90m"), 1'700'010'000 - 90 * 60);
  EXPECT_EQ(SinceOf("2023-11-14"), 1'699'920'000);
  EXPECT_EQ(SinceOf("2023-11-14T22:13:20Z"), 1'700'000'000);
  for (const char* wrong : {"7", "d", "7 days", "yesterday", "2023-13-01", "--7d"}) {
    const size_t calls = server_.calls().size();
    EXPECT_EQ(Run({"audit", "--since", wrong}), 2) << wrong;
    EXPECT_EQ(server_.calls().size(), calls);
  }
  EXPECT_EQ(Run({"audit", "--since", "yesterday"}), 2);
  EXPECT_THAT(Err(), HasSubstr("--since takes a time ago like 7d"));
}

TEST_F(Audit_Test, WhenNothingMatchesThenATerminalIsToldSo) {
  server_.audit.clear();
  terminal_.out_is_terminal = true;
  EXPECT_EQ(Run({"audit"}), 0);
  EXPECT_EQ(Err(), "no such call in the last year\n");
  EXPECT_EQ(Run({"audit", "--method", "CreateRunn"}), 0);
  EXPECT_THAT(Err(), HasSubstr("no method \"CreateRunn\" is known here; did you mean \"CreateRun\"?"));
  EXPECT_THAT(Err(), ::testing::Not(HasSubstr("last year")));
  EXPECT_EQ(Run({"audit", "--resource", "sweeps/s4t1b8xe"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::ListAuditRecordsRequest>().resource(), "sweeps/s4t1b8xe");
  EXPECT_EQ(Run({"audit", "--method", "/sumscope.v1.UserService/CreateToken"}), 0);
  EXPECT_EQ(Err(), "no such call in the last year\n");
}

// Methods of services that came later were said to be none.
TEST_F(Audit_Test, EveryMethodOfTheApiThenItIsKnown) {
  server_.audit.clear();
  terminal_.out_is_terminal = true;
  int methods = 0;
  for (const auto& file : std::filesystem::directory_iterator(SUMSCOPE_SOURCE_DIR "/proto/sumscope/v1")) {
    std::ifstream proto(file.path());
    for (std::string line; std::getline(proto, line);) {
      const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" ("), absl::SkipEmpty());
      if (words.size() < 2 || words[0] != "rpc") continue;
      ++methods;
      EXPECT_EQ(Run({"audit", "--method", words[1]}), 0);
      EXPECT_EQ(Err(), "no such call in the last year\n") << words[1];
    }
  }
  EXPECT_GT(methods, 50);
}

}  // namespace
}  // namespace sumscope::client
