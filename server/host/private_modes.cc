#include "server/host/private_modes.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::host {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOthers = 0077;

// Clears the bits of others on a file or folder; leaves links, sockets and what is gone alone.
absl::Status MakePrivate(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || (info.st_mode & kOthers) == 0) return absl::OkStatus();
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return absl::OkStatus();
  if (chmod(path.c_str(), info.st_mode & 0700) == 0 || errno == ENOENT) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot take ", path, " from group and others"));
}

// Folders, and where `files` says so files, `depth` levels down.
absl::Status Walk(const fs::path& folder, int depth, bool files) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const bool is_folder = entry->symlink_status(error).type() == fs::file_type::directory;
    if (is_folder || files) SUMSCOPE_RETURN_IF_ERROR(MakePrivate(entry->path().string()));
    if (is_folder && depth > 1) SUMSCOPE_RETURN_IF_ERROR(Walk(entry->path(), depth - 1, files));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakePrivateFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  const int error = errno;
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  const size_t slash =
      path.find_last_not_of('/') == std::string::npos ? std::string::npos : path.rfind('/', path.find_last_not_of('/'));
  if (error != ENOENT || slash == std::string::npos || slash == 0) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot make ", path));
  }
  SUMSCOPE_RETURN_IF_ERROR(MakePrivateFolder(path.substr(0, slash)));
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
}

absl::Status MakeDataPrivate(const std::string& directory) {
  const std::string catalog = directory + "/catalog.db";
  // With a dot behind them: they may be links to another disk.
  for (const char* folder : {"/.", "/runs/.", "/logs/.", "/question_sets/."}) {
    SUMSCOPE_RETURN_IF_ERROR(MakePrivate(directory + folder));
  }
  struct stat info;
  const bool careless = stat(catalog.c_str(), &info) == 0 && (info.st_mode & kOthers) != 0;
  SUMSCOPE_RETURN_IF_ERROR(Walk(directory + "/runs", /*depth=*/2, careless));
  SUMSCOPE_RETURN_IF_ERROR(Walk(directory + "/question_sets", /*depth=*/1, careless));
  SUMSCOPE_RETURN_IF_ERROR(Walk(directory + "/logs", /*depth=*/1, /*files=*/true));
  // The catalog last: a walk that was interrupted is made again.
  for (const char* name : {"-wal", "-shm", "-journal", ""}) SUMSCOPE_RETURN_IF_ERROR(MakePrivate(catalog + name));
  return MakePrivate(directory + "/sumscoped.lock");
}

}  // namespace sumscope::host
