// ssh as a way to a server, with scripts in its place: some join the real sumscope dial-stdio to a fake server.
#include "client/connection/ways/ssh/ssh_way.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/connection/connection.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/fake_server.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SshWay_Test : public ::testing::Test {
 protected:
  ~SshWay_Test() override { connection_.reset(); }

  std::string File(const std::string& name) const { return directory_.path() + "/" + name; }
  std::string Content(const std::string& name) const {
    std::ifstream file(File(name));
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  // Process ids of those that were started.
  std::vector<pid_t> Started() const {
    std::vector<pid_t> pids;
    std::istringstream text(Content("pids"));
    for (pid_t pid = 0; text >> pid;) pids.push_back(pid);
    return pids;
  }

  // Lets `script` be what ssh is, after it has noted its arguments and itself.
  Connection& Connect(const std::string& script) {
    std::ofstream(File("ssh.sh")) << "echo $$ >> " << File("pids") << "\nprintf '%s\\n' \"$@\" > " << File("arguments")
                                  << "\n"
                                  << script << "\n";
    options_.address = "ssh://ann@gpu-box:2222";
    options_.ssh = {"/bin/sh", File("ssh.sh")};
    connection_ = std::make_unique<Connection>(options_, &sleeper_, &cancellation_);
    return *connection_;
  }
  // What a script says to reach the fake server.
  std::string Join() const {
    return absl::StrCat("exec ", SUMSCOPE_BINARY_DIR, "/bin/sumscope dial-stdio --socket ", server_.socket());
  }

  void ExpectFails(const std::string& script, const std::string& words) {
    const absl::Status status = Connect(script).GetRun("runs/r7").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ErrorReason(status), "SSH_FAILED");
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }

  const TempDirectory directory_;
  FakeServer server_;
  FakeSleeper sleeper_;
  Cancellation cancellation_;
  ConnectionOptions options_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(SshWay_Test, WhenSshReachesTheServerThenCallsAndStreamsGoOverOneProcessThatEndsWithTheConnection) {
  Connection& connection = Connect(Join());
  EXPECT_EQ(connection.GetRun("runs/r7")->name(), "runs/r7k2m9qa");
  EXPECT_TRUE(connection.WatchRun("runs/r7k2m9qa", [](const v1::WatchRunResponse&) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(connection.UploadQuestionSet(3, "1+1\n").status(), absl::OkStatus());
  ASSERT_EQ(Started().size(), 1u);
  EXPECT_EQ(kill(Started()[0], 0), 0);
  connection_.reset();
  EXPECT_EQ(kill(Started()[0], 0), -1);
  EXPECT_EQ(errno, ESRCH) << "it was ended and reaped";
  EXPECT_THAT(absl::StrSplit(Content("arguments"), '\n', absl::SkipEmpty()),
              ElementsAre("-T", "-p", "2222", "--", "ann@gpu-box", "sumscope", "dial-stdio"));
}

TEST_F(SshWay_Test, WhenSshItselfFailsThenItsWordsAndStatusAreToldAndItIsNotAskedAgain) {
  ExpectFails("echo ann@gpu-box: Permission denied '(publickey).' >&2; exit 255",
              "ssh itself failed (exit status 255): ann@gpu-box: Permission denied (publickey).");
  EXPECT_EQ(Started().size(), 1u) << "a person may have typed a password";
  EXPECT_EQ(sleeper_.sleeps, 0);
}

TEST_F(SshWay_Test, WhenAFirstStreamFindsNoServerThenItIsNotTriedAgain) {
  Connection& connection = Connect("exit 255");
  const auto ignore = [](const v1::WatchRunResponse&) { return absl::OkStatus(); };
  EXPECT_EQ(ErrorReason(connection.WatchRun("runs/x", ignore).status()), "SSH_FAILED");
  EXPECT_EQ(Started().size(), 1u);
}

TEST_F(SshWay_Test, WhenTheFarEndFailsThenItIsSaidWhatDid) {
  ExpectFails("echo sh: sumscope: not found >&2; exit 127", "no sumscope over there");
  ExpectFails("echo error: no server listens >&2; exit 7",
              "dial-stdio failed over there (exit status 7): error: no server");
  ExpectFails("exit 0", "(exit status 0): it said nothing");
  ExpectFails("kill -9 $$", "ended by signal 9");
  ExpectFails(absl::StrCat(SUMSCOPE_BINARY_DIR, "/bin/sumscope dial-stdio --socket ", File("none")),
              "SERVER_NOT_RUNNING");
}

TEST_F(SshWay_Test, WhenAShellPrintsWhereTheServerSpeaksThenItIsToldSo) {
  ExpectFails("echo Welcome to gpu-box, ann; exec cat > /dev/null", "Welcome to gpu-box");
  ExpectFails("printf hm; exec 1>&-; exec cat > /dev/null", "hm");
}

TEST_F(SshWay_Test, WhenThereIsNoSshThenItIsNamed) {
  options_.address = "ssh://gpu-box";
  options_.ssh = {File("no-ssh")};
  Connection connection(options_, &sleeper_, &cancellation_);
  const absl::Status status = connection.GetRun("runs/r7").status();
  EXPECT_EQ(ErrorReason(status), "SSH_FAILED");
  EXPECT_THAT(std::string(status.message()), HasSubstr(File("no-ssh")));
}

TEST_F(SshWay_Test, WhenNothingIsHeardThenTheTimeoutEndsItAndTheProcess) {
  options_.timeout = absl::Milliseconds(100);
  const absl::Status status = Connect("exec sleep 1000").GetRun("runs/r7").status();
  EXPECT_EQ(ErrorReason(status), "SERVER_SILENT") << status;
  ASSERT_EQ(Started().size(), 1u);
  connection_.reset();
  EXPECT_EQ(kill(Started()[0], 0), -1);
}

TEST_F(SshWay_Test, WhenTheUserStopsThenNothingIsWaitedFor) {
  Connection& connection = Connect("exec sleep 1000");
  cancellation_.Cancel();
  EXPECT_TRUE(absl::IsCancelled(connection.GetRun("runs/r7").status()));
}

TEST_F(SshWay_Test, WhenTheServerIsGoneForAWhileThenAnotherProcessFindsItAgain) {
  Connection& connection = Connect(Join());
  ASSERT_TRUE(connection.GetRun("runs/r7").ok());
  server_.Stop();
  sleeper_.on_sleep = [this] {
    if (sleeper_.sleeps == 2) server_.Start();
  };
  EXPECT_EQ(connection.GetRun("runs/r7").status(), absl::OkStatus());
  EXPECT_GE(Started().size(), 2u);
}

TEST_F(SshWay_Test, WhenTheServerStaysAwayThenTheLastWordsOfItsSideAreTold) {
  Connection& connection = Connect(Join());
  ASSERT_TRUE(connection.GetRun("runs/r7").ok());
  server_.Stop();
  const absl::Status status = connection.GetRun("runs/r7").status();
  EXPECT_EQ(ErrorReason(status), "SSH_FAILED") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("SERVER_NOT_RUNNING"));
}

TEST_F(SshWay_Test, WhenSshSaysALotThenItIsNotHeldUp) {
  Connection& connection = Connect(
      absl::StrCat("i=0; while [ $i -lt 2000 ]; do echo ", std::string(200, 'v'), " >&2; i=$((i+1)); done\n", Join()));
  EXPECT_TRUE(connection.GetRun("runs/r7").ok());
}

TEST(SshCommand_Test, WhenNobodyIsThereThenSshAsksNobody) {
  ConnectionOptions options;
  options.ssh = {"ssh", "-F", "config"};
  options.unattended = true;
  EXPECT_THAT(
      SshCommand(options, *ParseAddress("ssh://gpu-box")),
      ElementsAre("ssh", "-F", "config", "-T", "-o", "BatchMode=yes", "--", "gpu-box", "sumscope", "dial-stdio"));
}

TEST(Token_Test, WhenTheWayIsNoTlsThenATokenStaysHere) {
  FakeServer server;
  FakeSleeper sleeper;
  Cancellation cancellation;
  ConnectionOptions options;
  options.credentials.token = "secret";
  for (const std::string& address : {server.address(), std::string("ssh://gpu-box")}) {
    options.address = address;
    options.ssh = {"/no/such/program"};
    Connection connection(options, &sleeper, &cancellation);
    const absl::Status status = connection.GetRun("runs/r7").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ErrorReason(status), "TOKEN_OVER_PLAINTEXT");
  }
  EXPECT_EQ(server.calls().size(), 0u);
}

}  // namespace
}  // namespace sumscope::client
