#include "storage/sqlite/files/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/file_descriptor.h"
#include "storage/sqlite/files/files.h"

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
