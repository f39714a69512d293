#include "server/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "grpc/support/log.h"
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

// gRPC wrote its own lines to the standard error output, in the middle of what was to be JSON.
TEST_F(Log_Test, WhenGrpcLogsThenItsLineHasTheFormOfOthers) {
  StartLog({"info", "json"}, &out_);
  RouteGrpcLog();
  gpr_log("/src/ssl_transport_security.cc", 5, GPR_LOG_SEVERITY_ERROR, "Handshake failed with fatal error");
  EXPECT_EQ(out_.str(), "");
  gpr_log("/src/core/server.cc", 7, GPR_LOG_SEVERITY_ERROR, "%s", ("two\nlines {}" + std::string(1000, 'x')).c_str());
  const auto line = nlohmann::json::parse(out_.str());
  EXPECT_EQ(line["level"], "warning");
  EXPECT_THAT(line["message"].get<std::string>(), HasSubstr("gRPC: two lines {}xxx"));
  EXPECT_THAT(line["message"].get<std::string>(), HasSubstr("(server.cc:7)"));
  EXPECT_LT(out_.str().size(), 500u);
  StartLog({"debug", "text"}, &out_);
  gpr_log("/src/ssl_transport_security.cc", 5, GPR_LOG_SEVERITY_ERROR, "Handshake failed");
  EXPECT_THAT(out_.str(), HasSubstr("sumscoped: gRPC: Handshake failed (ssl_transport_security.cc:5)"));
  gpr_set_log_function(nullptr);
}

TEST_F(Log_Test, WhenACallEndsThenDebugSaysWhoseItWasAndHowItEnded) {
  rpc::CallLog log;
  auth::Caller ada;
  ada.name = "ada";
  const absl::Status denied = MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "no such run");
  StartLog({}, &out_);
  log.OnEnded({"/sumscope.v1.RunService/GetRun", auth::Peer(), ada}, denied);
  EXPECT_EQ(out_.str(), "");
  StartLog({"debug", "text"}, &out_);
  log.OnEnded({"/sumscope.v1.RunService/GetRun", auth::Peer(), ada}, denied);
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
