#include "client/cli/app/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cstddef>

namespace sumscope::client {
namespace {

constexpr size_t kMostOfLine = size_t{64} << 10;

}  // namespace

std::optional<std::string> LineReader::Read() {
  std::optional<std::string> line = ReadTo(/*end_is_newline=*/false);
  return line && line->size() < kMostOfLine ? line : std::nullopt;
}

std::optional<std::string> LineReader::ReadHidden(const std::string& prompt, std::ostream* err) {
  if (!Hide()) return ReadTo(/*end_is_newline=*/true);
  *err << prompt << std::flush;
  std::optional<std::string> line = ReadTo(/*end_is_newline=*/false);
  ShowAgain();
  *err << std::endl;  // the one that was typed was not shown
  return line;
}

std::optional<std::string> LineReader::ReadTo(bool end_is_newline) {
  constexpr int kLookMs = 100;
  std::string line;
  while (!cancellation_->cancelled() && line.size() < kMostOfLine) {
    pollfd input = {descriptor_, POLLIN, 0};
    if (poll(&input, 1, kLookMs) <= 0) continue;
    char byte;
    if (read(descriptor_, &byte, 1) != 1) {
      if (end_is_newline && !line.empty()) return line;
      return std::nullopt;
    }
    if (byte == '\n') return line;
    line += byte;
  }
  if (cancellation_->cancelled()) return std::nullopt;
  return line;
}

bool LineReader::Hide() {
  const MutexLock lock(&mutex_);
  termios modes = {};
  if (tcgetattr(descriptor_, &modes) != 0) return false;
  before_ = modes;
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  modes.c_lflag |= ICANON;
  // Keys that would stop or end the process with nothing shown afterwards. Ctrl-C is heeded.
  modes.c_cc[VQUIT] = modes.c_cc[VSUSP] = _POSIX_VDISABLE;
  tcsetattr(descriptor_, TCSAFLUSH, &modes);
  return true;
}

void LineReader::ShowAgain() {
  const MutexLock lock(&mutex_);
  if (before_) tcsetattr(descriptor_, TCSANOW, &*before_);
  before_.reset();
}

}  // namespace sumscope::client
