#ifndef SUMSCOPE_STORAGE_SQLITE_FILES_SYSTEM_ERROR_H_
#define SUMSCOPE_STORAGE_SQLITE_FILES_SYSTEM_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

// What an error number of the operating system means to who wanted a file: one place decides it for system calls of
// ours and for SQLite's.
enum class SystemFault {
  kDiskFull,      // no space, quota or inodes left, or a limit on file sizes
  kTooManyFiles,  // no descriptor is left to this process or machine; passes
  kNoMemory,      // passes
  kPlace,         // path, owner or mode are wrong; stays until somebody changes them
  kDevice,        // everything else: the disk, its file system or its network failed; may pass
};
SystemFault FaultOf(int error_number);

// `what` ("could not open /a/b"), the error's text and what to do about it:
//   kDiskFull      RESOURCE_EXHAUSTED DISK_FULL
//   kTooManyFiles  UNAVAILABLE TOO_MANY_OPEN_FILES
//   kNoMemory      RESOURCE_EXHAUSTED OUT_OF_MEMORY
//   kPlace         FAILED_PRECONDITION DATA_DIRECTORY_NOT_WRITABLE
//   kDevice        UNAVAILABLE STORAGE_IO_ERROR
absl::Status SystemError(int error_number, absl::string_view what);

// Whether this process cannot open anything now.
bool DescriptorsAreUsedUp();

// Whether the file system on which `path` lies, or would lie, has no blocks or no inodes left for us.
bool DiskIsFull(const std::string& path);

// The nearest folder above `path` that exists.
std::string ExistingFolderOf(const std::string& path);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_FILES_SYSTEM_ERROR_H_
