#include "server/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors.h"

namespace sumscope {
namespace {

absl::Status NotWritable(const std::string& directory, const std::string& why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_NOT_WRITABLE",
                   absl::StrCat("cannot use the data directory ", directory, ": ", why,
                                "; give another with --data-directory, or make it writable"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<InstanceLock>> InstanceLock::Take(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) {
    std::filesystem::create_directories(directory, error);
    if (error) return NotWritable(directory, error.message());
    chmod(directory.c_str(), 0700);
  }
  const std::string path = directory + "/sumscoped.lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return NotWritable(directory, std::strerror(errno));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    char owner[32] = {};
    const ssize_t length = pread(descriptor, owner, sizeof(owner) - 1, 0);
    close(descriptor);
    return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_IN_USE",
                     absl::StrCat("another sumscoped (pid ", length > 0 ? owner : "unknown", ") owns ", directory,
                                  "; stop it, or give another directory with --data-directory"));
  }
  const std::string pid = absl::StrCat(getpid());
  if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
    const std::string why = std::strerror(errno);
    close(descriptor);
    return NotWritable(directory, why);
  }
  return std::unique_ptr<InstanceLock>(new InstanceLock(descriptor));
}

InstanceLock::~InstanceLock() { close(descriptor_); }

}  // namespace sumscope
