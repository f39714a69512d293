#include "storage/sqlite/files/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/file_descriptor.h"
#include "storage/sqlite/files/files.h"
#include "storage/sqlite/files/system_error.h"

namespace sumscope::storage {
namespace {

absl::Status Fsync(int descriptor, const std::string& what, const std::string& path) {
  return fsync(descriptor) == 0 ? absl::OkStatus() : FileError(errno, what, path);
}

absl::Status WriteAll(int descriptor, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Fsync(descriptor, "sync", path);
}

class RealTemporaryFile final : public TemporaryFile {
 public:
  explicit RealTemporaryFile(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  absl::StatusOr<size_t> Write(absl::string_view bytes, absl::string_view what) override {
    while (true) {
      const ssize_t written = write(descriptor_.get(), bytes.data(), bytes.size());
      if (written >= 0) return static_cast<size_t>(written);
      if (errno != EINTR) return SystemError(errno, what);
    }
  }

  absl::StatusOr<size_t> Read(uint64_t offset, size_t length, char* bytes, absl::string_view what) const override {
    while (true) {
      const ssize_t got = pread(descriptor_.get(), bytes, length, static_cast<off_t>(offset));
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return SystemError(errno, what);
    }
  }

 private:
  const FileDescriptor descriptor_;
};

class RealAllocatedFile final : public AllocatedFile {
 public:
  RealAllocatedFile(FileDescriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  absl::StatusOr<uint64_t> FreeBytes() const override {
    struct statvfs disk = {};
    if (fstatvfs(descriptor_.get(), &disk) != 0) return FileError(errno, "look at the file system of", path_);
    return uint64_t{disk.f_bavail} * disk.f_frsize;
  }

  absl::Status Allocate(uint64_t bytes) override {
    const int error = posix_fallocate(descriptor_.get(), 0, static_cast<off_t>(bytes));
    return error == 0 ? absl::OkStatus() : FileError(error, "allocate", path_);
  }

  absl::Status Truncate(uint64_t bytes) override {
    if (ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) != 0) return FileError(errno, "truncate", path_);
    return absl::OkStatus();
  }

 private:
  const FileDescriptor descriptor_;
  const std::string path_;
};

class RealEnv final : public Env {
 public:
  absl::Status MakeDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), 0700) == 0) return FsyncDirectory(DirectoryOf(path));
    struct stat info = {};
    if (errno == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
    return FileError(errno, "make the directory", path);
  }

  absl::Status FsyncDirectory(const std::string& path) override {
    const FileDescriptor descriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.valid()) return FileError(errno, "open the directory", path);
    return Fsync(descriptor.get(), "sync the directory", path);
  }

  absl::Status RenameFile(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) return FileError(errno, "rename", from);
    return FsyncDirectory(DirectoryOf(to));
  }

  absl::Status RemoveFile(const std::string& path) override {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(errno, "remove", path);
    return absl::OkStatus();
  }

  absl::Status FsyncFile(const std::string& path) override {
    const FileDescriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.valid()) return FileError(errno, "open", path);
    return Fsync(descriptor.get(), "sync", path);
  }

  absl::StatusOr<std::string> ReadFile(const std::string& path) override {
    const FileDescriptor descriptor(
        open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO would wait for its writer
    if (!descriptor.valid()) return FileError(errno, "open", path);
    constexpr size_t kPieceBytes = 64 << 10;
    std::string bytes;
    while (true) {
      const size_t before = bytes.size();
      bytes.resize(before + kPieceBytes);
      const ssize_t count = read(descriptor.get(), &bytes[before], kPieceBytes);
      bytes.resize(before + (count > 0 ? static_cast<size_t>(count) : 0));
      if (count == 0) return bytes;
      if (count < 0 && errno != EINTR) return FileError(errno, "read", path);
    }
  }

  absl::Status WriteFile(const std::string& path, absl::string_view bytes) override {
    const FileDescriptor descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!descriptor.valid()) return FileError(errno, "create", path);
    return WriteAll(descriptor.get(), bytes, path);
  }

  absl::StatusOr<std::unique_ptr<TemporaryFile>> NewTemporaryFile(const std::string& directory,
                                                                  absl::string_view what) override {
    FileDescriptor descriptor(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!descriptor.valid()) return SystemError(errno, what);
    return std::make_unique<RealTemporaryFile>(std::move(descriptor));
  }

  absl::StatusOr<std::unique_ptr<AllocatedFile>> OpenAllocatedFile(const std::string& path) override {
    FileDescriptor descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!descriptor.valid()) return FileError(errno, "open", path);
    return std::make_unique<RealAllocatedFile>(std::move(descriptor), path);
  }

  absl::Status TruncateFile(const std::string& path, uint64_t bytes) override {
    if (IsSymbolicLink(path)) return FileError(ELOOP, "truncate", path);
    if (truncate(path.c_str(), static_cast<off_t>(bytes)) != 0) return FileError(errno, "truncate", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override {
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
};

}  // namespace

Env* Env::Real() {
  static auto* const kReal = new RealEnv;
  return kReal;
}

absl::Status Env::WriteFileDurably(const std::string& path, absl::string_view bytes) {
  const std::string temporary = path + ".tmp";
  absl::Status status = WriteFile(temporary, bytes);
  if (status.ok()) status = RenameFile(temporary, path);
  if (!status.ok()) RemoveFile(temporary).IgnoreError();
  return status;
}

absl::StatusOr<FilesOfRuns> ListFilesOfRuns(Env* env, const std::string& directory) {
  const std::string runs = directory + "/runs";
  FilesOfRuns files;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> folders, env->ListDirectory(runs));
  for (const std::string& folder : folders) {
    const std::string path = absl::StrCat(runs, "/", folder);
    const absl::StatusOr<std::vector<std::string>> names = env->ListDirectory(path);
    if (!names.ok()) {
      files.unread.push_back(names.status());
      continue;
    }
    for (const std::string& name : *names) files.paths.push_back(absl::StrCat(path, "/", name));
  }
  return files;
}

}  // namespace sumscope::storage
