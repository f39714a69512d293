#ifndef SUMSCOPE_TESTS_CLIENT_CLI_FIXTURES_H_
#define SUMSCOPE_TESTS_CLIENT_CLI_FIXTURES_H_

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/cli.h"
#include "proto/contract/base/clock.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {

// Stands still unless told.
class FakeClock : public Clock {
 public:
  absl::Time Now() override { return now; }
  absl::Duration Monotonic() override { return monotonic += step; }
  absl::Time now = absl::FromUnixSeconds(1'700'010'000);
  absl::Duration monotonic;
  absl::Duration step;  // passes at each look
};

// Runs commands against a fake server.
class CommandFixture : public ::testing::Test {
 protected:
  CommandFixture() {
    terminal_.out = &out_;
    terminal_.err = &err_;
    environment_.server = server_.address();
    environment_.xdg_config_home = directory_.path();
    environment_.home = directory_.path();
  }

  // The exit code; what it said is in Out() and Err().
  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunCommandLine(arguments, environment_, {&terminal_, &clock_, &sleeper_, &cancellation_});
  }
  std::string Out() const { return out_.str(); }
  std::string Err() const { return err_.str(); }

  FakeServer server_;
  const TempDirectory directory_;
  FakeClock clock_;
  FakeSleeper sleeper_;
  Cancellation cancellation_;
  Environment environment_;
  Terminal terminal_;
  std::ostringstream out_, err_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_TESTS_CLIENT_CLI_FIXTURES_H_
