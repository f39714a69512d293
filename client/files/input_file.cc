#include "client/files/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "client/files/readable_file.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/standard_descriptors.h"

namespace sumscope::client {
namespace {

constexpr absl::Duration kWriterPatience = absl::Seconds(30), kStep = absl::Milliseconds(100);

bool IsStandardInput(const std::string& path) { return path == "-" || path == "/dev/stdin"; }

}  // namespace

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Open(const std::string& path, const InputPatience& patience) {
  FileDescriptor descriptor;
  if (IsStandardInput(path)) {
    if (StandardInputIsClosed()) return NotReadable(path, "the standard input is closed");
    descriptor = FileDescriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  } else {
    SUMSCOPE_RETURN_IF_ERROR(CheckReadable(path, Pipes::kAllowed));
    // Opening a pipe that has no writer would hang, deaf to Ctrl-C.
    descriptor = FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  }
  struct stat status = {};
  if (!descriptor.valid() || fstat(descriptor.get(), &status) != 0) return NotReadable(path, std::strerror(errno));
  return absl::WrapUnique(new InputFile(path, std::move(descriptor), S_ISREG(status.st_mode), patience));
}

InputFile::InputFile(std::string path, FileDescriptor descriptor, bool regular, const InputPatience& patience)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), regular_(regular), patience_(patience) {}

absl::Status InputFile::WaitForBytes() {
  pollfd wanted = {descriptor_.get(), POLLIN, 0};
  while (poll(&wanted, 1, static_cast<int>(kStep / absl::Milliseconds(1))) <= 0) {
    if (patience_.cancellation->cancelled()) return absl::CancelledError("interrupted");
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> InputFile::Read(char* buffer, size_t size) {
  // The standard input is shared with others, so that it cannot be told not to block.
  if (IsStandardInput(path_)) {
    SUMSCOPE_RETURN_IF_ERROR(WaitForBytes());
    written_ = true;
  }
  for (absl::Duration slept;;) {
    const ssize_t got = read(descriptor_.get(), buffer, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      written_ = true;
      SUMSCOPE_RETURN_IF_ERROR(WaitForBytes());
      continue;
    }
    if (got < 0) return NotReadable(path_, std::strerror(errno));
    pollfd ended = {descriptor_.get(), POLLIN, 0};
    // Linux tells a pipe that was never written to (nothing) from one that everybody has left (POLLHUP).
    const bool nobody_yet = got == 0 && !regular_ && !written_ && poll(&ended, 1, 0) == 0;
    if (!nobody_yet) {
      written_ = true;
      return static_cast<size_t>(got);
    }
    if (patience_.cancellation->cancelled()) return absl::CancelledError("interrupted");
    if (slept >= kWriterPatience) return NotReadable(path_, "nobody writes into this pipe");
    patience_.sleeper->Sleep(kStep);
    slept += kStep;
  }
}

}  // namespace sumscope::client
