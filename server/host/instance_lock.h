#ifndef SUMSCOPE_SERVER_HOST_INSTANCE_LOCK_H_
#define SUMSCOPE_SERVER_HOST_INSTANCE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::host {

// Held while a server owns a data directory; the kernel lets go of it however the server ends. Thread-compatible.
class InstanceLock {
 public:
  // Makes the directory when it is not there, and what lies in it private (private_modes.h). FAILED_PRECONDITION
  // DATA_DIRECTORY_IN_USE naming the other server's pid, DATA_DIRECTORY_NOT_WRITABLE; INVALID_ARGUMENT
  // DATA_DIRECTORY_TOO_LONG over limits::kMaxDataDirectoryLength.
  static absl::StatusOr<std::unique_ptr<InstanceLock>> Take(const std::string& directory);
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  // Whether the directory's path still leads to what is locked. FAILED_PRECONDITION DATA_DIRECTORY_LOST when it was
  // removed, moved or replaced.
  absl::Status Check() const;

  // Another path of the directory, for this process and its children of the same user: short, without characters that
  // mean something in an address, and never another directory that took the name.
  const std::string& alias() const { return alias_; }

 private:
  InstanceLock(std::string directory, FileDescriptor folder, FileDescriptor descriptor);

  const std::string directory_, alias_;
  const FileDescriptor folder_, descriptor_;
};

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_INSTANCE_LOCK_H_
