#include "client/files/readable_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {

absl::Status NotReadable(const std::string& path, absl::string_view why) {
  return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_READABLE", absl::StrCat("cannot read ", path, ": ", why));
}

absl::Status CheckReadable(const std::string& path, Pipes pipes) {
  namespace fs = std::filesystem;
  if (access(path.c_str(), R_OK) != 0) return NotReadable(path, std::strerror(errno));
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return NotReadable(path, error.message());
  if (fs::is_regular_file(status) || (pipes == Pipes::kAllowed && fs::is_fifo(status))) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "FILE_NOT_REGULAR",
                   absl::StrCat("cannot read ", path, ": it is ",
                                fs::is_directory(status) ? "a directory" : "no regular file", "; give a file"));
}

}  // namespace sumscope::client
