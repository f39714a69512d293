#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_SSH_SSH_PROCESS_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_SSH_SSH_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {

// A child whose standard input and output are the other end of `stream()`, and whose errors are kept.
//
// It stays in this process's group, so that it may ask for a password at the terminal, and does not hear Ctrl-C, which
// is for its client to decide. It ends with this object, or with this process, whose end is the end of its input.
// Confined to one thread, but for the one of its own that reads its errors.
class SshProcess {
 public:
  // Starts command[0], looked for in PATH. An error of errno where it cannot be started.
  static absl::StatusOr<std::unique_ptr<SshProcess>> Start(const std::vector<std::string>& command);
  // Closes its input and waits a moment for it to end by itself, then ends it, and reaps it.
  ~SshProcess();

  // This end; does not block.
  int stream() const { return stream_.get(); }
  // What waitpid says of it once it has ended, waiting so long at most. Nothing while it runs.
  std::optional<int> WaitForEnd(absl::Duration patience);
  // The end of what it wrote to its standard error, a few KiB at most.
  std::string Words();

 private:
  SshProcess(pid_t pid, FileDescriptor stream, FileDescriptor errors, FileDescriptor stop);
  // The reading thread: until nobody can write any more, or it is told to stop.
  void ReadErrors();
  // False where there was nothing to read, or will never be.
  bool ReadOnce();

  const pid_t pid_;
  const FileDescriptor stream_;
  const FileDescriptor errors_;
  const FileDescriptor stop_;  // an eventfd
  std::optional<int> end_;
  Mutex mutex_;
  std::string words_ ABSL_GUARDED_BY(mutex_);
  std::thread reader_;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_SSH_SSH_PROCESS_H_
