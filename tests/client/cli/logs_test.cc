#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

class Logs_Test : public CommandFixture {};

TEST_F(Logs_Test, WhenLogsAreReadThenAllPagesComeEscaped) {
  EXPECT_EQ(Run({"runs", "logs", "r1"}), 0);
  const std::vector<std::string> lines = absl::StrSplit(Out(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "2023-11-14T22:13:21Z  INFO  line 1 \\x1b[2Jboo");
  EXPECT_EQ(Run({"runs", "logs", "r1", "--follow", "--after", "4", "-o", "jsonl"}), 0);
  const std::vector<std::string> more = absl::StrSplit(Out(), '\n', absl::SkipEmpty());
  ASSERT_EQ(more.size(), 2u);
  EXPECT_EQ(nlohmann::json::parse(more[1])["sequence"], "6");
}

// They were JSON lines, which -o jsonl is for, and no document.
TEST_F(Logs_Test, WhenLogsAreJsonThenTheyAreOneArray) {
  EXPECT_EQ(Run({"runs", "logs", "r1", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out()).size(), 5u);
  EXPECT_EQ(nlohmann::json::parse(Out())[4]["sequence"], "5");
  EXPECT_EQ(Run({"runs", "logs", "r1", "--follow", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out()).size(), 6u);
  EXPECT_EQ(Run({"runs", "logs", "r1", "--after", "99", "-o", "json"}), 0);
  EXPECT_EQ(Out(), "[]\n");
}

// The array had no end where Ctrl-C or an error came first.
TEST_F(Logs_Test, WhenFollowedJsonIsBrokenOffThenTheDocumentIsEnded) {
  for (const auto& [what, members] : {std::pair("logs", 5u), {"metrics", 7u}}) {
    for (const int code : {130, 7}) {
      Cancellation stopped;
      server_.break_kind = Break::kUnavailable;
      server_.break_after = 1;
      server_.breaks = 1;
      sleeper_.on_sleep = [&] { code == 130 ? stopped.Cancel() : server_.Stop(); };
      out_.str("");
      EXPECT_EQ(RunCommandLine({"runs", what, "r1", "--follow", "-o", "json"}, environment_,
                               {&terminal_, &clock_, &sleeper_, &stopped}),
                code);
      EXPECT_EQ(nlohmann::json::parse(Out()).size(), members) << what << " " << code;
    }
    server_.Start();
  }
}

}  // namespace
}  // namespace sumscope::client
