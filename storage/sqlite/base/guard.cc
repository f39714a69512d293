#include "storage/sqlite/base/guard.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "storage/sqlite/files/files.h"
#include "storage/sqlite/files/system_error.h"

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

bool AnyIs(SystemFault fault, const SystemErrors& errors) {
  return std::any_of(errors.begin(), errors.end(),
                     [&](int error_number) { return error_number != 0 && FaultOf(error_number) == fault; });
}

// SQLite made a file wait or fail. Error numbers are a hint only: what SQLite does after the failing call may change
// them.
absl::Status InputOutputError(const SQLite::Exception& error, const FileIdentity& file, const SystemErrors& errors) {
  const std::string what = absl::StrCat("could not read or write ", Describe(file), ": ", error.what());
  switch (error.getExtendedErrorCode()) {
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
      return CorruptFile(file, error.what());
    case SQLITE_IOERR_NOMEM:
      return SystemError(ENOMEM, what);
    default:
      break;
  }
  if (AnyIs(SystemFault::kDiskFull, errors) || DiskIsFull(file.path)) return DiskFull(file, error.what());
  if (AnyIs(SystemFault::kTooManyFiles, errors)) return SystemError(EMFILE, what);
  if (AnyIs(SystemFault::kNoMemory, errors)) return SystemError(ENOMEM, what);
  const auto device = std::find_if(errors.begin(), errors.end(), [](int error_number) {
    return error_number != 0 && FaultOf(error_number) == SystemFault::kDevice;
  });
  return SystemError(device == errors.end() ? EIO : *device, what);
}

absl::Status CannotOpen(const SQLite::Exception& error, const FileIdentity& file, const SystemErrors& errors) {
  const std::string what = absl::StrCat("could not open ", Describe(file));
  if (AnyIs(SystemFault::kTooManyFiles, errors) || DescriptorsAreUsedUp()) return SystemError(EMFILE, what);
  if (AnyIs(SystemFault::kDiskFull, errors) || DiskIsFull(file.path)) return DiskFull(file, error.what());
  if (AnyIs(SystemFault::kNoMemory, errors)) return SystemError(ENOMEM, what);
  const auto known = std::find_if(errors.begin(), errors.end(), [](int error_number) { return error_number != 0; });
  return known == errors.end() ? NotWritable(file, error.what()) : SystemError(*known, what);
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

absl::Status CorruptRow(const FileIdentity& file, absl::string_view row, absl::string_view what) {
  return MakeError(absl::StatusCode::kDataLoss, kRowCorrupt,
                   absl::StrCat("the row of ", row, " in ", Describe(file), " is damaged: ", what,
                                "; everything else is served; restore the catalog from a backup"),
                   {{"row", std::string(row)}});
}

absl::Status CheckRoomForBulk(const FileIdentity& file) {
  struct statvfs space = {};
  if (file.path.empty() || statvfs(ExistingFolderOf(file.path).c_str(), &space) != 0) return absl::OkStatus();
  if (static_cast<uint64_t>(space.f_bavail) * space.f_frsize >= kReservedBytes) return absl::OkStatus();
  return DiskFull(file, absl::StrCat("its file system has less than ", kReservedBytes >> 20, " MiB left"));
}

absl::Status CheckRegular(const FileIdentity& file) {
  if (file.path.empty()) return absl::OkStatus();
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    const std::string path = absl::StrCat(file.path, suffix);
    const std::optional<std::string> kind = IrregularKindOf(path);
    if (kind.has_value()) return CorruptFile(file, absl::StrCat(path, " is ", *kind, " and no file"));
  }
  return absl::OkStatus();
}

absl::Status CheckPresent(const FileIdentity& file) {
  if (file.path.empty() || file.kind != FileKind::kRunFile) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const bool there, FileExists(file.path));
  return there ? absl::OkStatus() : FileGone(file);
}

absl::Status FileGone(const FileIdentity& file) {
  return MakeError(absl::StatusCode::kNotFound, "RUN_FILE_NOT_FOUND",
                   absl::StrCat(Describe(file), " is gone; restore it from a backup"));
}

absl::Status FileReplaced(const FileIdentity& file) {
  const bool catalog = file.kind == FileKind::kCatalog;
  return MakeError(absl::StatusCode::kFailedPrecondition, catalog ? "CATALOG_REPLACED" : "RUN_FILE_REPLACED",
                   absl::StrCat(Describe(file), " was exchanged for another while it was in use; ",
                                catalog ? "start the server again" : "try again"));
}

absl::Status StatusFromSqlite(const SQLite::Exception& error, const FileIdentity& file, const SystemErrors& errors) {
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      return DiskFull(file, error.what());
    case SQLITE_IOERR:
      return InputOutputError(error, file, errors);
    case SQLITE_CANTOPEN:
      return CannotOpen(error, file, errors);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR:  // our statements are tested: the schema they meet is not ours
      return CorruptFile(file, error.what());
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return DiskIsFull(file.path) ? DiskFull(file, error.what()) : NotWritable(file, error.what());
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
