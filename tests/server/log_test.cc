#include "server/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "server/rpc/serve/call_log.h"
#include "spdlog/spdlog.h"

namespace sumscope {
namespace {

using ::testing::HasSubstr;

class Log_Test : public ::testing::Test {
 protected:
  void SetUp() override { before_ = spdlog::default_logger(); }
  void TearDown() override { spdlog::set_default_logger(before_); }

  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(Log_Test, WhenTextIsLoggedThenALineIsThere) {
  StartLog({}, &out_);
  spdlog::debug("unheard");
  spdlog::info("listening on {braces}");
  spdlog::error("lost [REASON]");
  EXPECT_EQ(out_.str(), "sumscoped: listening on {braces}\nsumscoped: lost [REASON]\n");
}

TEST_F(Log_Test, WhenJsonIsLoggedThenEachLineIsAnObject) {
  StartLog({"debug", "json"}, &out_);
  spdlog::debug("quotes \" and\nlines");
  spdlog::warn("not UTF-8: \xff");
  std::istringstream lines(out_.str());
  std::string line;
  std::getline(lines, line);
  const auto first = nlohmann::json::parse(line);
  EXPECT_EQ(first["message"], "quotes \" and\nlines");
  EXPECT_EQ(first["level"], "debug");
  EXPECT_THAT(first["time"].get<std::string>(), HasSubstr("T"));
  std::getline(lines, line);
  EXPECT_EQ(nlohmann::json::parse(line)["level"], "warning");
}

TEST_F(Log_Test, WhenACallEndsThenDebugSaysWhoseItWasAndHowItEnded) {
  rpc::CallLog log;
  const absl::Status denied = MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "no such run");
  StartLog({}, &out_);
  log.OnEnded({"/sumscope.v1.RunService/GetRun", auth::Peer(), auth::Caller{"ada"}}, denied);
  EXPECT_EQ(out_.str(), "");
  StartLog({"debug", "text"}, &out_);
  log.OnEnded({"/sumscope.v1.RunService/GetRun", auth::Peer(), auth::Caller{"ada"}}, denied);
  log.OnEnded({"/sumscope.v1.RunService/GetRun", auth::Peer(), std::nullopt}, absl::OkStatus());
  EXPECT_EQ(out_.str(),
            "sumscoped: /sumscope.v1.RunService/GetRun of ada from socket: NOT_FOUND RUN_NOT_FOUND\n"
            "sumscoped: /sumscope.v1.RunService/GetRun of nobody from socket: OK\n");
}

TEST_F(Log_Test, GivenWordsThatAreNoLevelOrFormatThenTheyAreRefused) {
  for (const char* level : {"trace", "debug", "info", "warning", "error"}) {
    EXPECT_TRUE(CheckLogOptions({level, "json"}).ok()) << level;
  }
  for (const char* level : {"", "off", "INFO", "warn"}) {
    EXPECT_EQ(ErrorReason(CheckLogOptions({level, "text"})), "CONFIG_INVALID") << level;
  }
  EXPECT_EQ(ErrorReason(CheckLogOptions({"info", "JSON"})), "CONFIG_INVALID");
}

}  // namespace
}  // namespace sumscope
