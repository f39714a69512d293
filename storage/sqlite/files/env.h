#ifndef SUMSCOPE_STORAGE_SQLITE_FILES_ENV_H_
#define SUMSCOPE_STORAGE_SQLITE_FILES_ENV_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

// A nameless file, which is gone with this object and with the process. Errors are SystemError (system_error.h) of
// `what`. Thread-compatible; Read may be called from several threads while nobody writes.
class TemporaryFile {
 public:
  virtual ~TemporaryFile() = default;
  // Writes the front of `bytes` at its end. Returns how many of them: all, or fewer as the disk fills.
  virtual absl::StatusOr<size_t> Write(absl::string_view bytes, absl::string_view what) = 0;
  // Reads at most `length` bytes from `offset` on. Returns how many; 0 at the end.
  virtual absl::StatusOr<size_t> Read(uint64_t offset, size_t length, char* bytes, absl::string_view what) const = 0;
};

// A file that takes its place on the disk before anything is written to it. Errors are FileError. Thread-compatible.
class AllocatedFile {
 public:
  virtual ~AllocatedFile() = default;
  // What is free on its file system for this process.
  virtual absl::StatusOr<uint64_t> FreeBytes() const = 0;
  // Gives blocks, not holes, to its first `bytes`, and makes it that long where it is shorter. When that fails, some
  // of them may be taken.
  virtual absl::Status Allocate(uint64_t bytes) = 0;
  virtual absl::Status Truncate(uint64_t bytes) = 0;
};

// What storage, and whoever keeps files next to it, does to files beside SQLite, in one place, so that tests can let
// any of it fail. Errors are FileError (files.h) where nothing else is said. Thread-safe.
class Env {
 public:
  // The Env that calls the operating system. Never deleted.
  static Env* Real();
  virtual ~Env() = default;

  // Makes one directory, mode 0700, and its name durable; fine when it is there.
  virtual absl::Status MakeDirectory(const std::string& path) = 0;
  // Makes new names in `path` survive a power failure.
  virtual absl::Status FsyncDirectory(const std::string& path) = 0;
  // Renames a file, over one at `to`, and makes the new name durable.
  virtual absl::Status RenameFile(const std::string& from, const std::string& to) = 0;
  // Removes a file; fine when it is not there.
  virtual absl::Status RemoveFile(const std::string& path) = 0;
  virtual absl::Status FsyncFile(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path) = 0;
  // Makes a file of these bytes, or replaces one, and syncs it; its name is not durable yet.
  virtual absl::Status WriteFile(const std::string& path, absl::string_view bytes) = 0;
  // Makes a nameless file in `directory`. SystemError of `what`, also where the file system has no such files.
  virtual absl::StatusOr<std::unique_ptr<TemporaryFile>> NewTemporaryFile(const std::string& directory,
                                                                          absl::string_view what) = 0;
  // Opens a file, or makes an empty one, mode 0600. Never one that a symbolic link leads to; does not wait for a FIFO.
  virtual absl::StatusOr<std::unique_ptr<AllocatedFile>> OpenAllocatedFile(const std::string& path) = 0;
  // Makes a file `bytes` long, without a descriptor. Never one that a symbolic link leads to.
  virtual absl::Status TruncateFile(const std::string& path, uint64_t bytes) = 0;
  // Names in `path` but . and ..; none when it is not there.
  virtual absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) = 0;

  // Through <path>.tmp: the file is there whole and durable, or not at all.
  absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes);
};

// All files under <directory>/runs: run files, captures and what lies beside them.
struct FilesOfRuns {
  std::vector<std::string> paths;
  std::vector<absl::Status> unread;  // of its folders: why they could not be listed
};
absl::StatusOr<FilesOfRuns> ListFilesOfRuns(Env* env, const std::string& directory);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILES_ENV_H_
