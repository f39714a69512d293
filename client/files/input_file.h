#ifndef SUMSCOPE_CLIENT_FILES_INPUT_FILE_H_
#define SUMSCOPE_CLIENT_FILES_INPUT_FILE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/base/backoff.h"
#include "client/base/cancellation.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {

// How reading waits.
struct InputPatience {
  Sleeper* sleeper;
  Cancellation* cancellation;
};

// The bytes of a file, a pipe or, for "-", the standard input. A pipe that nobody writes to yet is waited for, half a
// minute at most; for what comes next from one that somebody has open, until Ctrl-C. Confined to one thread.
class InputFile {
 public:
  // NOT_FOUND FILE_NOT_READABLE; INVALID_ARGUMENT FILE_NOT_REGULAR: a directory, a device.
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const std::string& path, const InputPatience& patience);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Up to `size` bytes, 0 at the end. FILE_NOT_READABLE; CANCELLED.
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_.get(); }
  // A regular file, which can be read twice.
  bool regular() const { return regular_; }

 private:
  InputFile(std::string path, FileDescriptor descriptor, bool regular, const InputPatience& patience);
  absl::Status WaitForBytes();

  const std::string path_;
  const FileDescriptor descriptor_;
  const bool regular_;
  const InputPatience patience_;
  bool written_ = false;  // a writer was seen
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_FILES_INPUT_FILE_H_
