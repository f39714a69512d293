// What listens at the address and says nothing, as a stopped server does: calls and streams end within their timeout.
// They took four attempts of 20 s, since patience was time slept and not time passed.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "client/connection/connection.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

constexpr absl::Duration kTimeout = absl::Milliseconds(200);

// A socket that takes connections and never answers.
class SilentServer {
 public:
  SilentServer() : path_(directory_.path() + "/silent.sock"), socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int bound = bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    EXPECT_EQ(bound, 0);
    EXPECT_EQ(listen(socket_, 8), 0);
  }
  ~SilentServer() { close(socket_); }
  std::string address() const { return "unix:" + path_; }
  std::string folder() const { return directory_.path(); }

 private:
  const TempDirectory directory_;
  const std::string path_;
  const int socket_;
};

// Time as the connection sees it goes on by `step` at each look.
class LeapingSleeper : public FakeSleeper {
 public:
  absl::Time Now() override { return now_ += step; }
  absl::Duration step;

 private:
  absl::Time now_;
};

class SilentServer_Test : public ::testing::Test {
 protected:
  SilentServer_Test() {
    ConnectionOptions options;
    options.address = server_.address();
    options.timeout = kTimeout;
    connection_ = std::make_unique<Connection>(options, &sleeper_, &cancellation_);
  }

  void ExpectToldAsSilent(const absl::Status& status) const {
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
    EXPECT_EQ(ErrorReason(status), "SERVER_SILENT");
    EXPECT_NE(status.message().find(server_.address()), std::string::npos) << status;
    EXPECT_LT(absl::Now() - begun_, absl::Seconds(10));
  }

  SilentServer server_;
  FakeSleeper sleeper_;
  Cancellation cancellation_;
  std::unique_ptr<Connection> connection_;
  const absl::Time begun_ = absl::Now();
};

TEST_F(SilentServer_Test, WhenNothingIsSaidThenACallEndsWithItsTimeout) {
  ExpectToldAsSilent(connection_->GetRun("runs/x").status());
}

TEST_F(SilentServer_Test, WhenNothingIsSaidThenAStreamEndsWithItsTimeout) {
  const auto ignore = [](const v1::WatchRunResponse&) { return absl::OkStatus(); };
  ExpectToldAsSilent(connection_->WatchRun("runs/x", ignore).status());
}

TEST_F(SilentServer_Test, WhenNothingIsSaidThenUploadsEndWithTheirTimeout) {
  ExpectToldAsSilent(connection_->UploadQuestionSet(3, "1+1\n").status());
  const std::string path = server_.folder() + "/w.safetensors";
  std::ofstream(path, std::ios::binary) << "weights";
  ExpectToldAsSilent(connection_->ImportRun({}, path).status());
}

TEST_F(SilentServer_Test, WhenTheUserStopsThenNothingIsWaitedFor) {
  cancellation_.Cancel();
  const auto ignore = [](const v1::WatchRunResponse&) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsCancelled(connection_->WatchRun("runs/x", ignore).status()));
}

TEST(Patience_Test, WhenAttemptsTakeLongThenTheirTimeCounts) {
  FakeServer server;
  LeapingSleeper sleeper;
  Cancellation cancellation;
  ConnectionOptions options;
  options.address = server.address();
  Connection connection(options, &sleeper, &cancellation);
  ASSERT_TRUE(connection.GetRun("runs/r7").ok());
  sleeper.step = absl::Seconds(20);
  server.errors = std::vector<absl::Status>(20, absl::UnavailableError("lost"));
  EXPECT_EQ(ErrorReason(connection.GetRun("runs/r7").status()), "SERVER_UNREACHABLE");
  EXPECT_LE(server.CountCalls("GetRun"), 3);
}

TEST(Patience_Test, WhenTheTimeoutIsShortThenRepeatsEndWithIt) {
  FakeServer server;
  FakeSleeper sleeper;
  Cancellation cancellation;
  ConnectionOptions options;
  options.address = server.address();
  options.timeout = absl::Seconds(2);
  Connection connection(options, &sleeper, &cancellation);
  ASSERT_TRUE(connection.GetRun("runs/r7").ok());
  server.errors = std::vector<absl::Status>(20, absl::UnavailableError("lost"));
  EXPECT_FALSE(connection.GetRun("runs/r7").ok());
  EXPECT_LE(sleeper.slept, absl::Seconds(2));
}

}  // namespace
}  // namespace sumscope::client
