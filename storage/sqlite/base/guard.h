#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_GUARD_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_GUARD_H_

#include <SQLiteCpp/Exception.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

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

// DATA_LOSS CATALOG_ROW_CORRUPT: one row of the catalog, such as that of "runs/r1", cannot be read. Others can.
absl::Status CorruptRow(const FileIdentity& file, absl::string_view row, absl::string_view what);
inline constexpr char kRowCorrupt[] = "CATALOG_ROW_CORRUPT";

// RESOURCE_EXHAUSTED DISK_FULL where the file system has less than a reserve left. Bulk data asks first, so that there
// is still room to fold the WAL into a run file and to record in the catalog that the disk is full.
absl::Status CheckRoomForBulk(const FileIdentity& file);

// The error of CorruptFile when the database, or what SQLite would open beside it, is a FIFO, a folder or the like:
// opening could wait for ever. OK when it is not there.
absl::Status CheckRegular(const FileIdentity& file);

// NOT_FOUND RUN_FILE_NOT_FOUND when a run's file is gone; FileError when nobody can tell. OK for other kinds: who opens
// those makes or names them.
absl::Status CheckPresent(const FileIdentity& file);
// NOT_FOUND RUN_FILE_NOT_FOUND, naming the file.
absl::Status FileGone(const FileIdentity& file);
// FAILED_PRECONDITION RUN_FILE_REPLACED or CATALOG_REPLACED: another file has taken its place while it was in use.
absl::Status FileReplaced(const FileIdentity& file);

// Error numbers of the operating system that may be behind an error of SQLite; 0 is none.
using SystemErrors = std::vector<int>;

// What SQLite's error means to the caller:
//   FULL                         RESOURCE_EXHAUSTED DISK_FULL
//   IOERR                        SystemError of the number behind it: DISK_FULL only where the disk is full
//   CORRUPT, NOTADB, IOERR for bytes that are not there, or a schema that is not ours   DATA_LOSS, as CorruptFile says
//   CANTOPEN                     SystemError of the number behind it: TOO_MANY_OPEN_FILES passes
//   READONLY, PERM               FAILED_PRECONDITION DATA_DIRECTORY_NOT_WRITABLE
//   BUSY, LOCKED                 UNAVAILABLE STORAGE_BUSY
//   foreign key                  FAILED_PRECONDITION RUN_NOT_FOUND
//   NOMEM                        RESOURCE_EXHAUSTED OUT_OF_MEMORY
//   anything else                INTERNAL STORAGE_ERROR
absl::Status StatusFromSqlite(const SQLite::Exception& error, const FileIdentity& file,
                              const SystemErrors& errors = {});

// The one place where SQLiteCpp's exceptions end. `body` returns an absl::Status or absl::StatusOr.
template <typename Body>
auto GuardSqlite(const FileIdentity& file, Body&& body) -> decltype(body()) {
  errno = 0;
  try {
    return std::forward<Body>(body)();
  } catch (const SQLite::Exception& error) {
    return StatusFromSqlite(error, file, {errno});
  }
}

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_GUARD_H_
