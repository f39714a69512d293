#include "storage/sqlite/base/guard.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors.h"

namespace sumscope::storage {
namespace {

// A WAL of 4 MiB, SQLite's automatic checkpoint, to fold into each of a run file and the catalog.
constexpr uint64_t kReservedBytes = 8 << 20;

std::string Describe(const FileIdentity& file) {
  const char* kind = file.kind == FileKind::kCatalog   ? "the catalog"
                     : file.kind == FileKind::kRunFile ? "the run file"
                                                       : "the capture";
  return file.path.empty() ? absl::StrCat(kind, " in memory") : absl::StrCat(kind, " ", file.path);
}

// A full disk can show itself as a file that cannot be created.
bool DiskIsFull(const FileIdentity& file) {
  struct statvfs space = {};
  return !file.path.empty() && statvfs(file.path.c_str(), &space) == 0 && space.f_bavail == 0;
}

absl::Status DiskFull(const FileIdentity& file, absl::string_view detail) {
  return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                   absl::StrCat("could not write ", Describe(file), ": ", detail,
                                "; nothing of this change was stored; free space on its file system and try again"));
}

absl::Status NotWritable(const FileIdentity& file, absl::string_view detail) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIRECTORY_NOT_WRITABLE",
                   absl::StrCat("could not open ", Describe(file), " for writing: ", detail,
                                "; check owner and mode of the data directory and its files"));
}

}  // namespace

absl::Status CorruptFile(const FileIdentity& file, absl::string_view what) {
  if (file.kind == FileKind::kCatalog) {
    return MakeError(absl::StatusCode::kDataLoss, "CATALOG_CORRUPT",
                     absl::StrCat(Describe(file), " is damaged: ", what,
                                  "; restore it from a backup, and keep the run files: they hold all but the queue, "
                                  "though no tool rebuilds the catalog from them yet"));
  }
  if (file.kind == FileKind::kCaptureFile) {
    return MakeError(absl::StatusCode::kDataLoss, "CAPTURE_FILE_CORRUPT",
                     absl::StrCat(Describe(file), " is damaged: ", what, "; remove it and capture again"));
  }
  return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT",
                   absl::StrCat(Describe(file), " is damaged: ", what, "; restore it from a backup"));
}

absl::Status CheckRoomForBulk(const FileIdentity& file) {
  struct statvfs space = {};
  if (file.path.empty() || statvfs(file.path.c_str(), &space) != 0) return absl::OkStatus();
  if (static_cast<uint64_t>(space.f_bavail) * space.f_frsize >= kReservedBytes) return absl::OkStatus();
  return DiskFull(file, absl::StrCat("its file system has less than ", kReservedBytes >> 20, " MiB left"));
}

absl::Status StatusFromSqlite(const SQLite::Exception& error, const FileIdentity& file) {
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      return DiskFull(file, error.what());
    case SQLITE_IOERR:
      switch (error.getExtendedErrorCode()) {
        case SQLITE_IOERR_READ:
        case SQLITE_IOERR_SHORT_READ:
        case SQLITE_IOERR_CORRUPTFS:
        case SQLITE_IOERR_DATA:
          return CorruptFile(file, error.what());
        default:
          return DiskFull(file, error.what());
      }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR:  // our statements are tested: the schema they meet is not ours
      return CorruptFile(file, error.what());
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return DiskIsFull(file) ? DiskFull(file, error.what()) : NotWritable(file, error.what());
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_SCHEMA:
      return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY",
                       absl::StrCat(Describe(file), " is in use by another program: ", error.what(), "; try again"));
    case SQLITE_NOMEM:
      return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                       absl::StrCat("no memory left to work on ", Describe(file)));
    case SQLITE_CONSTRAINT:
      if (error.getExtendedErrorCode() == SQLITE_CONSTRAINT_FOREIGNKEY) {
        return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_FOUND",
                         absl::StrCat("a row of ", Describe(file), " names a run that does not exist"));
      }
      [[fallthrough]];
    default:
      return MakeError(absl::StatusCode::kInternal, "STORAGE_ERROR",
                       absl::StrCat("unexpected error in ", Describe(file), ": ", error.what()));
  }
}

}  // namespace sumscope::storage
