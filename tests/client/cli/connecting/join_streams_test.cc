#include "client/cli/connecting/join_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    near = FileDescriptor(ends[0]);
    far = FileDescriptor(ends[1]);
  }
  FileDescriptor near, far;
};

// Until the end.
std::string ReadAll(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(descriptor, buffer, sizeof(buffer))) > 0;)
    text.append(buffer, static_cast<size_t>(got));
  return text;
}

void WriteWhole(int descriptor, const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const ssize_t put = write(descriptor, text.data() + at, text.size() - at);
    ASSERT_GT(put, 0);
    at += static_cast<size_t>(put);
  }
}

class JoinStreams_Test : public ::testing::Test {
 protected:
  JoinStreams_Test() {
    signal(SIGPIPE, SIG_IGN);
    fcntl(server_.near.get(), F_SETFL, O_NONBLOCK);
  }
  ~JoinStreams_Test() override { End().IgnoreError(); }
  void Begin() {
    thread_ = std::thread([this] {
      status_ = JoinStreams(in_.near.get(), out_.near.get(), server_.near.get(), &cancellation_);
      out_.near = FileDescriptor();
      server_.near = FileDescriptor();
    });
  }
  absl::Status End() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }

  Pair in_, out_, server_;  // near: of the relay
  Cancellation cancellation_;
  absl::Status status_;
  std::thread thread_;
};

TEST_F(JoinStreams_Test, WhenBothSidesSpeakThenEveryByteArrivesBothWays) {
  std::string question, answer;
  for (int i = 0; i < 300'000; ++i) {
    question += static_cast<char>(i * 7);
    answer += static_cast<char>(i * 11);
  }
  Begin();
  std::thread asking([&] {
    WriteWhole(in_.far.get(), question);
    in_.far = FileDescriptor();
  });
  std::string received, heard;
  std::thread answering([&] {
    received = ReadAll(server_.far.get());  // its end is told
    WriteWhole(server_.far.get(), answer);
    server_.far = FileDescriptor();
  });
  heard = ReadAll(out_.far.get());
  asking.join();
  answering.join();
  EXPECT_TRUE(End().ok());
  EXPECT_EQ(received, question);
  EXPECT_EQ(heard, answer);
}

TEST_F(JoinStreams_Test, WhenTheServerEndsThenItEndsWithoutWaitingForTheInput) {
  Begin();
  WriteWhole(server_.far.get(), "bye");
  server_.far = FileDescriptor();
  EXPECT_EQ(ReadAll(out_.far.get()), "bye");
  EXPECT_TRUE(End().ok());
}

TEST_F(JoinStreams_Test, WhenNobodyTakesTheOutputThenItEnds) {
  out_.far = FileDescriptor();
  Begin();
  EXPECT_TRUE(End().ok());
}

TEST_F(JoinStreams_Test, WhenTheUserStopsThenItEnds) {
  Begin();
  cancellation_.Cancel();
  EXPECT_TRUE(End().ok());
}

TEST_F(JoinStreams_Test, WhenItHasEndedThenTheStreamsBlockAsBefore) {
  cancellation_.Cancel();
  EXPECT_TRUE(JoinStreams(in_.near.get(), out_.near.get(), server_.near.get(), &cancellation_).ok());
  EXPECT_EQ(fcntl(in_.near.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(out_.near.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace sumscope::client
