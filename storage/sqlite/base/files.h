#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_FILES_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

// The status of a failed system call on `path`: DISK_FULL, DATA_DIRECTORY_NOT_WRITABLE or STORAGE_ERROR by
// `error_number`.
absl::Status FileError(int error_number, const std::string& what, const std::string& path);

std::string DirectoryOf(const std::string& path);
bool FileExists(const std::string& path);
// Makes one directory, mode 0700; fine when it is there.
absl::Status MakeDirectory(const std::string& path);
// Makes new names in `path` survive a power failure.
absl::Status FsyncDirectory(const std::string& path);
absl::Status RenameFile(const std::string& from, const std::string& to);
// Fine when it is not there.
absl::Status RemoveFile(const std::string& path);
absl::Status FsyncFile(const std::string& path);
// Bytes that it takes on disk; 0 when it is not there.
uint64_t FileBytes(const std::string& path);
// Names in `path` but . and ..; none when it is not there.
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);
absl::StatusOr<std::string> ReadFile(const std::string& path);
// Through <path>.tmp: the file is there whole and durable, or not at all.
absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_FILES_H_
