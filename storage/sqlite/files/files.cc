#include "storage/sqlite/files/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/files/system_error.h"

namespace sumscope::storage {
namespace {

absl::Status WriteAll(int descriptor, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(descriptor) == 0 ? absl::OkStatus() : FileError(errno, "sync", path);
}

}  // namespace

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

absl::Status FsyncFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", path);
  const int result = fsync(descriptor);
  const int error_number = errno;
  close(descriptor);
  return result == 0 ? absl::OkStatus() : FileError(error_number, "sync", path);
}

std::string LeftAlone(const absl::Status& status) { return absl::StrCat(status.message(), "; it is left alone"); }

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

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  std::vector<std::string> names;
  DIR* const directory = opendir(path.c_str());
  if (directory == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return names;
    return FileError(errno, "list the directory", path);
  }
  while (const dirent* const entry = readdir(directory)) {
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(directory);
  return names;
}

absl::StatusOr<FilesOfRuns> ListFilesOfRuns(const std::string& directory) {
  const std::string runs = directory + "/runs";
  FilesOfRuns files;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> folders, ListDirectory(runs));
  for (const std::string& folder : folders) {
    const std::string path = absl::StrCat(runs, "/", folder);
    const absl::StatusOr<std::vector<std::string>> names = ListDirectory(path);
    if (!names.ok()) {
      files.unread.push_back(names.status());
      continue;
    }
    for (const std::string& name : *names) files.paths.push_back(absl::StrCat(path, "/", name));
  }
  return files;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO would wait for its writer
  if (descriptor < 0) return FileError(errno, "open", path);
  const absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  constexpr size_t kPieceBytes = 64 << 10;
  std::string bytes;
  while (true) {
    const size_t before = bytes.size();
    bytes.resize(before + kPieceBytes);
    const ssize_t count = read(descriptor, &bytes[before], kPieceBytes);
    bytes.resize(before + (count > 0 ? static_cast<size_t>(count) : 0));
    if (count == 0) return bytes;
    if (count < 0 && errno != EINTR) return FileError(errno, "read", path);
  }
}

absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes) {
  const std::string temporary = path + ".tmp";
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError(errno, "create", temporary);
  absl::Status status = WriteAll(descriptor, bytes, temporary);
  close(descriptor);
  if (status.ok()) status = RenameFile(temporary, path);
  if (!status.ok()) RemoveFile(temporary).IgnoreError();
  return status;
}

}  // namespace sumscope::storage
