#include "client/files/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "client/files/output_place.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

SecretFile::SecretFile(std::string path, std::string temporary, FileDescriptor descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(std::move(descriptor)) {}

SecretFile::~SecretFile() {
  if (descriptor_.valid()) unlink(temporary_.c_str());
}

absl::StatusOr<std::unique_ptr<SecretFile>> SecretFile::Create(const std::string& path) {
  SUMSCOPE_ASSIGN_OR_RETURN(const OutputPlace place, FindOutputPlace(path));
  if (place.plain) return OutputFailed(path, "it is no file, in which a secret could be kept");
  std::string temporary = absl::StrCat(place.path, ".XXXXXX");
  FileDescriptor descriptor(mkostemp(temporary.data(), O_CLOEXEC));
  if (!descriptor.valid()) return OutputFailed(path, std::strerror(errno));
  auto file = absl::WrapUnique(new SecretFile(place.path, temporary, std::move(descriptor)));
  // mkostemp gives this mode already, on every file system that has modes.
  if (fchmod(file->descriptor_.get(), 0600) != 0) return OutputFailed(path, std::strerror(errno));
  return file;
}

absl::Status SecretFile::Commit(absl::string_view content) {
  SUMSCOPE_RETURN_IF_ERROR(WriteAll(descriptor_.get(), content, path_));
  if (fsync(descriptor_.get()) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return OutputFailed(path_, std::strerror(errno));
  }
  (void)descriptor_.Close();
  return absl::OkStatus();
}

}  // namespace sumscope::client
