#include "storage/sqlite/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/files/system_error.h"

namespace sumscope::storage {

absl::Status FileError(int error_number, const std::string& what, const std::string& path) {
  return SystemError(error_number, absl::StrCat("could not ", what, " ", path));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

absl::StatusOr<std::optional<FileId>> FileIdOf(const std::string& path) {
  struct statx info = {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return FileError(errno, "look at", path);
  }
  FileId id{makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino, 0};
  constexpr int64_t kNanos = 1'000'000'000;
  if ((info.stx_mask & STATX_BTIME) != 0) id.birth_nanos = info.stx_btime.tv_sec * kNanos + info.stx_btime.tv_nsec;
  return id;
}

absl::StatusOr<bool> FileExists(const std::string& path) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<FileId> id, FileIdOf(path));
  return id.has_value();
}

std::optional<std::string> IrregularKindOf(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return std::nullopt;
  switch (info.st_mode & S_IFMT) {
    case S_IFDIR:
      return "a folder";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

std::string LeftAlone(const absl::Status& status) { return absl::StrCat(status.message(), "; it is left alone"); }

bool IsSymbolicLink(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

uint64_t FileLength(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

uint64_t FileBytes(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return 0;
  constexpr uint64_t kBlockBytes = 512;  // of st_blocks, whatever the file system
  return static_cast<uint64_t>(info.st_blocks) * kBlockBytes;
}

}  // namespace sumscope::storage
