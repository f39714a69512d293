#include "client/cli/app/line_reader.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <sstream>
#include <string>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {
namespace {

class LineReader_Test : public ::testing::Test {
 protected:
  void OpenTerminal() {
    int ends[2];
    ASSERT_EQ(openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
    far_ = FileDescriptor(ends[0]);
    near_ = FileDescriptor(ends[1]);
  }
  void OpenPipe() {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    near_ = FileDescriptor(ends[0]);
    far_ = FileDescriptor(ends[1]);
  }
  void Type(const std::string& text) {
    ASSERT_EQ(write(far_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  bool Shows() const {
    termios modes = {};
    EXPECT_EQ(tcgetattr(near_.get(), &modes), 0);
    return (modes.c_lflag & ECHO) != 0;
  }

  FileDescriptor near_, far_;
  Cancellation cancellation_;
  std::ostringstream err_;
};

// The stream that a prompt goes to, which types the answer: what is typed before it is thrown away.
class Answering : public std::stringbuf {
 public:
  Answering(int terminal, std::string answer) : terminal_(terminal), answer_(std::move(answer)) {}

 protected:
  int sync() override {
    EXPECT_EQ(write(terminal_, answer_.data(), answer_.size()), static_cast<ssize_t>(answer_.size()));
    answer_.clear();
    return 0;
  }

 private:
  const int terminal_;
  std::string answer_;
};

TEST_F(LineReader_Test, WhenASecretIsTypedThenItIsNotShownAndTheTerminalIsAsBefore) {
  OpenTerminal();
  LineReader reader(near_.get(), &cancellation_);
  Answering answering(far_.get(), "secret\n");
  std::ostream err(&answering);
  EXPECT_TRUE(Shows());
  EXPECT_EQ(reader.ReadHidden("token: ", &err), "secret");
  EXPECT_TRUE(Shows());
  EXPECT_EQ(answering.str(), "token: \n");
  ASSERT_EQ(write(near_.get(), "|", 1), 1);
  char shown[64];
  const ssize_t size = read(far_.get(), shown, sizeof(shown));
  EXPECT_EQ(std::string(shown, static_cast<size_t>(size)), "|") << "what the terminal showed";
}

TEST_F(LineReader_Test, WhenTheUserStopsThenTheTerminalIsAsBefore) {
  OpenTerminal();
  LineReader reader(near_.get(), &cancellation_);
  cancellation_.Cancel();
  EXPECT_EQ(reader.ReadHidden("token: ", &err_), std::nullopt);
  EXPECT_TRUE(Shows());
}

TEST_F(LineReader_Test, WhenItIsNoTerminalThenALineIsReadWithoutAPrompt) {
  OpenPipe();
  LineReader reader(near_.get(), &cancellation_);
  Type("first\nsecond");
  EXPECT_EQ(reader.ReadHidden("token: ", &err_), "first");
  far_ = FileDescriptor();
  EXPECT_EQ(reader.ReadHidden("token: ", &err_), "second") << "the last line needs no newline";
  EXPECT_EQ(reader.ReadHidden("token: ", &err_), std::nullopt);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(LineReader_Test, WhenALineNeverEndsThenItIsNotKept) {
  OpenPipe();
  LineReader reader(near_.get(), &cancellation_);
  Type(std::string(size_t{64} << 10, 'a'));
  EXPECT_EQ(reader.Read(), std::nullopt);
}

}  // namespace
}  // namespace sumscope::client
