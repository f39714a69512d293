#ifndef SUMSCOPE_SERVER_INSTANCE_LOCK_H_
#define SUMSCOPE_SERVER_INSTANCE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace sumscope {

// Held while a server owns a data directory; the kernel lets go of it however the server ends.
class InstanceLock {
 public:
  // Makes the directory (mode 0700) when it is not there. FAILED_PRECONDITION DATA_DIRECTORY_IN_USE naming the other
  // server's pid, DATA_DIRECTORY_NOT_WRITABLE.
  static absl::StatusOr<std::unique_ptr<InstanceLock>> Take(const std::string& directory);
  ~InstanceLock();
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

 private:
  explicit InstanceLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_INSTANCE_LOCK_H_
