#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_GUARD_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_GUARD_H_

#include <SQLiteCpp/Exception.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sumscope::storage {

enum class FileKind { kCatalog, kRunFile, kCaptureFile };

// Which database an operation works on. An empty path is a database in memory.
struct FileIdentity {
  std::string path;
  FileKind kind = FileKind::kCatalog;
};

// DATA_LOSS CATALOG_CORRUPT, RUN_FILE_CORRUPT or CAPTURE_FILE_CORRUPT, naming the file and what to do.
absl::Status CorruptFile(const FileIdentity& file, absl::string_view what);

// RESOURCE_EXHAUSTED DISK_FULL where the file system has less than a reserve left. Bulk data asks first, so that there
// is still room to fold the WAL into a run file and to record in the catalog that the disk is full.
absl::Status CheckRoomForBulk(const FileIdentity& file);

// What SQLite's error means to the caller:
//   FULL, IOERR on write         RESOURCE_EXHAUSTED DISK_FULL
//   CORRUPT, NOTADB, IOERR on read, or a schema that is not ours   DATA_LOSS, as CorruptFile says
//   READONLY, CANTOPEN, PERM     FAILED_PRECONDITION DATA_DIRECTORY_NOT_WRITABLE
//   BUSY, LOCKED                 UNAVAILABLE STORAGE_BUSY
//   foreign key                  FAILED_PRECONDITION RUN_NOT_FOUND
//   NOMEM                        RESOURCE_EXHAUSTED OUT_OF_MEMORY
//   anything else                INTERNAL STORAGE_ERROR
absl::Status StatusFromSqlite(const SQLite::Exception& error, const FileIdentity& file);

// The one place where SQLiteCpp's exceptions end. `body` returns an absl::Status or absl::StatusOr.
template <typename Body>
auto GuardSqlite(const FileIdentity& file, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const SQLite::Exception& error) {
    return StatusFromSqlite(error, file);
  }
}

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_GUARD_H_
