#ifndef SUMSCOPE_STORAGE_SQLITE_FILES_FILES_H_
#define SUMSCOPE_STORAGE_SQLITE_FILES_FILES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sumscope::storage {

// The status of a failed system call on `path`: SystemError of "could not `what` `path`".
absl::Status FileError(int error_number, const std::string& what, const std::string& path);

std::string DirectoryOf(const std::string& path);
// Which file it is, wherever its name moves. Its number alone is given again once it is gone: the time of its birth,
// where the file system keeps one, tells the next from it.
struct FileId {
  uint64_t device = 0, number = 0;
  int64_t birth_nanos = 0;
  bool operator==(const FileId& other) const {
    return device == other.device && number == other.number && birth_nanos == other.birth_nanos;
  }
  bool operator!=(const FileId& other) const { return !(*this == other); }
};
// The one at `path`; none when there is none. Only ENOENT and ENOTDIR say that: every other failure of the look is
// FileError.
absl::StatusOr<std::optional<FileId>> FileIdOf(const std::string& path);
// Whether there is one; errors as FileIdOf.
absl::StatusOr<bool> FileExists(const std::string& path);
// What `path` is when it is there and no regular file ("a FIFO"): opening that may wait for ever, or read what nobody
// wrote. A symbolic link is what it leads to.
std::optional<std::string> IrregularKindOf(const std::string& path);
bool IsSymbolicLink(const std::string& path);
// How long it is; 0 when it is not there.
uint64_t FileLength(const std::string& path);
// A failure that nothing depends on, for people.
std::string LeftAlone(const absl::Status& status);
// Bytes that it takes on disk; 0 when it is not there.
uint64_t FileBytes(const std::string& path);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILES_FILES_H_
