#include "storage/sqlite/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors.h"

namespace sumscope::storage {

absl::Status FileError(int error_number, const std::string& what, const std::string& path) {
  const std::string message = absl::StrCat("could not ", what, " ", path, ": ", std::strerror(error_number));
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                       absl::StrCat(message, "; free space on its file system and try again"));
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case EEXIST:
      return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_NOT_WRITABLE",
                       absl::StrCat(message, "; check owner and mode of the data directory"));
    default:
      return MakeError(absl::StatusCode::kInternal, "STORAGE_ERROR", message);
  }
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

bool FileExists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return FsyncDirectory(DirectoryOf(path));
  struct stat info = {};
  if (errno == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  return FileError(errno, "make the directory", path);
}

absl::Status FsyncDirectory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open the directory", path);
  const int result = fsync(descriptor);
  const int error_number = errno;
  close(descriptor);
  return result == 0 ? absl::OkStatus() : FileError(error_number, "sync the directory", path);
}

absl::Status RenameFile(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return FileError(errno, "rename", from);
  return FsyncDirectory(DirectoryOf(to));
}

absl::Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(errno, "remove", path);
  return absl::OkStatus();
}

}  // namespace sumscope::storage
