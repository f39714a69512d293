#include "server/transport/accept_loop.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/contract/base/mutex.h"
#include "tests/support/temp_directory.h"

namespace sumscope::transport {
namespace {

constexpr std::chrono::milliseconds kPatience{20'000};

class AcceptLoop_Test : public testing::Test {
 protected:
  void Start(size_t maximum, int first_descriptor = 0) {
    table_ = std::make_unique<ConnectionTable>(ConnectionTable::Limits{maximum, absl::Hours(1)}, Clock::Real());
    auto socket = ListeningSocket::BindUnix(path_);
    ASSERT_TRUE(socket.ok()) << socket.status();
    std::vector<ListeningSocket> sockets;
    sockets.push_back(*std::move(socket));
    AcceptLoop::Options options;
    options.first_descriptor = first_descriptor;
    options.pause = options.look = std::chrono::milliseconds(5);
    options.on_look = [this] {
      MutexLock lock(&mutex_);
      ++looks_;
      changed_.NotifyAll();
    };
    auto loop = AcceptLoop::Start(
        std::move(sockets), table_.get(),
        [this](int descriptor, Way) {
          MutexLock lock(&mutex_);
          taken_.emplace_back(descriptor);
          changed_.NotifyAll();
        },
        std::move(options));
    ASSERT_TRUE(loop.ok()) << loop.status();
    loop_ = *std::move(loop);
  }

  FileDescriptor Socket() { return FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  void Connect(const FileDescriptor& client) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  FileDescriptor Connected() {
    FileDescriptor client = Socket();
    Connect(client);
    return client;
  }
  bool WaitForTaken(size_t count) {
    MutexLock lock(&mutex_);
    while (taken_.size() < count) {
      if (!changed_.WaitFor(&mutex_, kPatience)) return false;
    }
    return true;
  }
  // The loop has tried to accept at least once since.
  void WaitForTurns() {
    MutexLock lock(&mutex_);
    for (const size_t before = looks_; looks_ < before + 3;) changed_.WaitFor(&mutex_, kPatience);
  }

  const TempDirectory folder_;
  const std::string path_ = folder_.path() + "/s";
  std::unique_ptr<ConnectionTable> table_;
  Mutex mutex_;
  CondVar changed_;
  size_t looks_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<FileDescriptor> taken_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<AcceptLoop> loop_;
};

// After a burst of connections above the limit of descriptors the server never accepted again.
TEST_F(AcceptLoop_Test, AcceptsAgainAfterDescriptorsRanOut) {
  Start(100);
  const FileDescriptor waiting = Socket();
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Connect(waiting);
  WaitForTurns();
  {
    MutexLock lock(&mutex_);
    EXPECT_TRUE(taken_.empty());
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(WaitForTaken(1));
}

TEST_F(AcceptLoop_Test, OneMoreThanThereMayBeIsToldSoUntilOneLeaves) {
  Start(2);
  const FileDescriptor first = Connected(), second = Connected();
  ASSERT_TRUE(WaitForTaken(2));
  const FileDescriptor third = Connected();
  char refusal[200];
  const ssize_t size = recv(third.get(), refusal, sizeof(refusal), MSG_WAITALL);
  ASSERT_GT(size, 26);
  EXPECT_EQ(std::string(refusal, 9), std::string("\0\0\0\4\0\0\0\0\0", 9));
  EXPECT_NE(std::string(refusal, size).find("at most 2"), std::string::npos);
  {
    MutexLock lock(&mutex_);
    taken_.erase(taken_.begin());
  }
  // It is noticed within a tenth of a second.
  std::vector<FileDescriptor> others;
  while (others.size() < 1000) {
    others.push_back(Connected());
    WaitForTurns();
    MutexLock lock(&mutex_);
    if (taken_.size() == 2) break;
  }
  EXPECT_TRUE(WaitForTaken(2));
}

// A number that returns at once would let a call that ends late be taken for another's.
TEST_F(AcceptLoop_Test, ConnectionsHaveNumbersOfTheirOwnThatReturnLate) {
  Start(100, 500);
  int last = 499;
  for (int i = 0; i < 5; ++i) {
    const FileDescriptor client = Connected();
    ASSERT_TRUE(WaitForTaken(1));
    MutexLock lock(&mutex_);
    EXPECT_GT(taken_[0].get(), last);
    last = taken_[0].get();
    taken_.clear();
  }
}

}  // namespace
}  // namespace sumscope::transport
