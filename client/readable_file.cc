#include "client/readable_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors.h"

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
  if (fs::is_directory(status)) return NotReadable(path, std::strerror(EISDIR));
  if (fs::is_character_file(status) || (pipes == Pipes::kRefused && !fs::is_regular_file(status))) {
    return NotReadable(path, "it is no regular file");
  }
  return absl::OkStatus();
}

}  // namespace sumscope::client
