#ifndef SUMSCOPE_STORAGE_SQLITE_FILES_ENV_H_
#define SUMSCOPE_STORAGE_SQLITE_FILES_ENV_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

// What storage does to files beside SQLite, in one place, so that tests can let any of it fail. Errors are FileError
// (files.h). Thread-safe.
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
