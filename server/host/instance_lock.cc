#include "server/host/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/host/private_modes.h"

namespace sumscope::host {
namespace {

absl::Status NotWritable(const std::string& directory, absl::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_NOT_WRITABLE",
                   absl::StrCat("cannot use the data directory ", directory, ": ", why,
                                "; give another with --data-directory, or make it writable"));
}

constexpr char kLockName[] = "sumscoped.lock";

}  // namespace

InstanceLock::InstanceLock(std::string directory, FileDescriptor folder, FileDescriptor descriptor)
    : directory_(std::move(directory)),
      alias_(absl::StrCat("/proc/", getpid(), "/fd/", folder.get())),
      folder_(std::move(folder)),
      descriptor_(std::move(descriptor)) {}

absl::StatusOr<std::unique_ptr<InstanceLock>> InstanceLock::Take(const std::string& directory) {
  if (directory.size() > limits::kMaxDataDirectoryLength) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "DATA_DIRECTORY_TOO_LONG",
        absl::StrCat("the path of the data directory has ", directory.size(), " bytes, at most ",
                     limits::kMaxDataDirectoryLength, " are possible; give another with --data-directory"));
  }
  if (const absl::Status made = MakePrivateFolder(directory); !made.ok()) return NotWritable(directory, made.message());
  FileDescriptor folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return NotWritable(directory, std::strerror(errno));
  FileDescriptor lock_file(openat(folder.get(), kLockName, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_file.valid()) return NotWritable(directory, std::strerror(errno));
  const int descriptor = lock_file.get();
  std::unique_ptr<InstanceLock> lock(new InstanceLock(directory, std::move(folder), std::move(lock_file)));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    char owner[32] = {};
    const ssize_t length = pread(descriptor, owner, sizeof(owner) - 1, 0);
    return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_IN_USE",
                     absl::StrCat("another sumscoped (pid ", length > 0 ? owner : "unknown", ") owns ", directory,
                                  "; stop it, or give another directory with --data-directory"));
  }
  const std::string pid = absl::StrCat(getpid());
  if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
    return NotWritable(directory, std::strerror(errno));
  }
  if (const absl::Status status = MakeDataPrivate(directory); !status.ok()) {
    return NotWritable(directory, status.message());
  }
  return lock;
}

absl::Status InstanceLock::Check() const {
  struct stat ours = {}, there = {};
  const bool found = stat(absl::StrCat(directory_, "/", kLockName).c_str(), &there) == 0;
  if (!found && errno != ENOENT && errno != ENOTDIR) return absl::OkStatus();  // a disk that does not answer now
  if (found && fstat(descriptor_.get(), &ours) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_LOST",
                   absl::StrCat("the data directory ", directory_, " was removed, moved or replaced"));
}

}  // namespace sumscope::host
