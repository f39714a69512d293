#include "server/command_line.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/text/quote.h"
#include "server/config.h"

namespace sumscope {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CommandLine_Test : public ::testing::Test {
 protected:
  std::optional<int> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "sumscoped");
    out_.str("");
    err_.str("");
    flags_ = Flags();
    return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), {&out_, &err_, columns_, columns_},
                            &flags_);
  }

  int columns_ = 0;
  std::ostringstream out_, err_;
  Flags flags_;
};

TEST_F(CommandLine_Test, OptionsThenFlags) {
  ASSERT_EQ(Parse({"--listen", "unix:/a", "--listen", "unix:/b", "--slot", "a:cpu:1", "--insecure-loopback",
                   "--capture-limit-bytes", "-1", "--resume-interval-seconds", "0.5"}),
            std::nullopt);
  EXPECT_THAT(flags_.listen, ElementsAre("unix:/a", "unix:/b"));
  EXPECT_THAT(flags_.slots, ElementsAre("a:cpu:1"));
  EXPECT_TRUE(flags_.insecure_loopback);
  EXPECT_EQ(flags_.capture_limit_bytes, -1) << "ResolveConfig refuses it with a reason";
  EXPECT_EQ(flags_.resume_interval_seconds, 0.5);
  EXPECT_EQ(flags_.data_directory, std::nullopt);
  EXPECT_EQ(out_.str() + err_.str(), "");
}

TEST_F(CommandLine_Test, OptionsOfTheWaysInThenFlags) {
  ASSERT_EQ(Parse({"--socket-group",
                   "lab",
                   "--tls-certificate",
                   "c",
                   "--tls-key",
                   "k",
                   "--tls-client-ca",
                   "a",
                   "--tls-client-certificates",
                   "required",
                   "--user-calls-per-second",
                   "1.5",
                   "--user-call-burst",
                   "2",
                   "--user-streams",
                   "3",
                   "--user-uploads",
                   "4",
                   "--user-connections",
                   "5",
                   "--address-connections",
                   "6"}),
            std::nullopt);
  EXPECT_EQ(flags_.socket_group, "lab");
  EXPECT_EQ(flags_.tls_certificate, "c");
  EXPECT_EQ(flags_.tls_key, "k");
  EXPECT_EQ(flags_.tls_client_ca, "a");
  EXPECT_EQ(flags_.tls_client_certificates, "required");
  EXPECT_EQ(flags_.user_calls_per_second, 1.5);
  EXPECT_EQ(flags_.user_call_burst, 2);
  EXPECT_EQ(flags_.user_streams, 3);
  EXPECT_EQ(flags_.user_uploads, 4);
  EXPECT_EQ(flags_.user_connections, 5);
  EXPECT_EQ(flags_.address_connections, 6);
}

TEST_F(CommandLine_Test, EveryKeyOfTheFileHasAFlag) {
  EXPECT_EQ(Parse({"--help"}), 0);
  for (const std::string& key : ConfigKeys()) {
    EXPECT_THAT(out_.str(), HasSubstr("--" + absl::StrReplaceAll(key, {{"_", "-"}})));
  }
}

TEST_F(CommandLine_Test, HelpThenNoLineIsWiderThanTheTerminal) {
  for (const int columns : {44, 80}) {
    columns_ = columns;
    EXPECT_EQ(Parse({"--help"}), 0);
    EXPECT_THAT(out_.str(), Not(HasSubstr("\n  of one thread"))) << "but under the words before";
    EXPECT_THAT(out_.str(), HasSubstr("--resume-interval-seconds"));
    for (const absl::string_view line : absl::StrSplit(out_.str(), '\n')) {
      EXPECT_LE(line.size(), static_cast<size_t>(columns)) << line;
    }
  }
  EXPECT_EQ(Parse({"--version"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("sumscoped "));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandLine_Test, UnknownOptionThenTheOneThatWasMeant) {
  EXPECT_EQ(Parse({"--data-dir", "x"}), 2);
  EXPECT_EQ(err_.str(),
            "error: sumscoped does not know \"--data-dir\"; did you mean \"--data-directory\"?\n"
            "Try: sumscoped --help\n");
  EXPECT_EQ(Parse({"--bogus"}), 2);
  EXPECT_THAT(err_.str(), Not(HasSubstr("did you mean")));
  columns_ = 30;
  EXPECT_EQ(Parse({"--data-dir", "x"}), 2);
  for (const absl::string_view line : absl::StrSplit(err_.str(), '\n')) EXPECT_LE(line.size(), 30u) << line;
  EXPECT_EQ(out_.str(), "");
}

// The terminal obeyed what stood in a bad value.
TEST_F(CommandLine_Test, BadValueThenItIsQuoted) {
  for (const char* option : {"--capture-limit-bytes", "--resume-interval-seconds"}) {
    EXPECT_EQ(Parse({option, "x\x1b[31mz"}), 2);
    EXPECT_THAT(err_.str(), HasSubstr(std::string(option) + ": takes a"));
    EXPECT_THAT(err_.str(), HasSubstr(R"("x\x1b[31mz")"));
    EXPECT_THAT(err_.str(), Not(HasSubstr("\x1b")));
  }
  for (const char* argument : {"--insecure-loopback=\x1b[31m", "\x1b[31m", "--\x1b[31m", "--listen"}) {
    EXPECT_EQ(Parse({argument}), 2);
    EXPECT_THAT(err_.str(), Not(HasSubstr("\x1b")));
  }
}

}  // namespace
}  // namespace sumscope
