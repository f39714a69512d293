#include "storage/sqlite/files/system_error.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/process/file_descriptor.h"
#include "storage/sqlite/files/files.h"

namespace sumscope::storage {

SystemFault FaultOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return SystemFault::kDiskFull;
    case EMFILE:
    case ENFILE:
      return SystemFault::kTooManyFiles;
    case ENOMEM:
      return SystemFault::kNoMemory;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOTEMPTY:
    case EMLINK:
    case EXDEV:
    case EINVAL:  // a name or a kind of file that the file system does not take
    case EOPNOTSUPP:
    case ENXIO:  // a device or FIFO that nobody serves
    case ENODEV:
    case ETXTBSY:
      return SystemFault::kPlace;
    default:  // EIO, ESTALE, ENOLCK, ETIMEDOUT, EBUSY, EAGAIN, EINTR, ..
      return SystemFault::kDevice;
  }
}

absl::Status SystemError(int error_number, absl::string_view what) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(error_number));
  switch (FaultOf(error_number)) {
    case SystemFault::kDiskFull:
      return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                       absl::StrCat(message, "; free space on its file system and try again"));
    case SystemFault::kTooManyFiles:
      return MakeError(absl::StatusCode::kUnavailable, "TOO_MANY_OPEN_FILES",
                       absl::StrCat(message,
                                    "; try again in a moment, and raise the server's limit (ulimit -n) if it "
                                    "comes back"));
    case SystemFault::kNoMemory:
      return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                       absl::StrCat(message, "; try again when other programs need less of it"));
    case SystemFault::kPlace:
      return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_NOT_WRITABLE",
                       absl::StrCat(message, "; check owner and mode of the data directory and its files"));
    case SystemFault::kDevice:
      break;
  }
  return MakeError(absl::StatusCode::kUnavailable, "STORAGE_IO_ERROR",
                   absl::StrCat(message,
                                "; the disk or its file system failed: look into the system's log, then try "
                                "again"));
}

bool DescriptorsAreUsedUp() {
  // Never a database of ours: closing any descriptor of a file drops SQLite's locks on it.
  const FileDescriptor descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return !descriptor.valid() && FaultOf(errno) == SystemFault::kTooManyFiles;
}

bool DiskIsFull(const std::string& path) {
  struct statvfs space = {};
  if (path.empty() || statvfs(ExistingFolderOf(path).c_str(), &space) != 0) return false;
  // A file system that counts nothing, such as /proc, says 0 of 0.
  return (space.f_blocks > 0 && space.f_bavail == 0) || (space.f_files > 0 && space.f_favail == 0);
}

std::string ExistingFolderOf(const std::string& path) {
  std::string folder = DirectoryOf(path);
  while (!FileExists(folder).value_or(false) && folder != DirectoryOf(folder)) folder = DirectoryOf(folder);
  return folder;
}

}  // namespace sumscope::storage
