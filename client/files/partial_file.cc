#include "client/files/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::client {

absl::StatusOr<std::unique_ptr<PartialFile>> PartialFile::Open(const OutputPlace& place, absl::string_view key) {
  std::string partial_path = absl::StrCat(place.path, ".part-", key);
  FileDescriptor descriptor(open(partial_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!descriptor.valid()) return OutputFailed(partial_path, std::strerror(errno));
  auto file = absl::WrapUnique(new PartialFile(place, std::move(partial_path), std::move(descriptor), 0));
  struct stat existing = {};
  if (fstat(file->descriptor_.get(), &existing) != 0) return file->Failed();
  file->size_ = static_cast<uint64_t>(existing.st_size);
  return file;
}

PartialFile::PartialFile(OutputPlace place, std::string partial_path, FileDescriptor descriptor, uint64_t size)
    : place_(std::move(place)),
      partial_path_(std::move(partial_path)),
      descriptor_(std::move(descriptor)),
      size_(size) {}

PartialFile::~PartialFile() {
  if (descriptor_.valid() && size_ == 0) unlink(partial_path_.c_str());
}

absl::Status PartialFile::Failed() const { return OutputFailed(partial_path_, std::strerror(errno)); }

absl::Status PartialFile::Read(const std::function<void(absl::string_view)>& use) const {
  std::string buffer(limits::kMaxChunkBytes, '\0');
  for (uint64_t offset = 0; offset < size_;) {
    const ssize_t got = pread(descriptor_.get(), buffer.data(), std::min<uint64_t>(buffer.size(), size_ - offset),
                              static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed();
    if (got == 0) return OutputFailed(partial_path_, "it became shorter");
    use(absl::string_view(buffer.data(), static_cast<size_t>(got)));
    offset += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

absl::Status PartialFile::Write(absl::string_view bytes) {
  SUMSCOPE_RETURN_IF_ERROR(WriteAll(descriptor_.get(), bytes, partial_path_));
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status PartialFile::Commit() {
  SUMSCOPE_RETURN_IF_ERROR(PutInPlace(place_, descriptor_.get(), partial_path_));
  (void)descriptor_.Close();
  return absl::OkStatus();
}

absl::Status PartialFile::Clear() {
  if (ftruncate(descriptor_.get(), 0) != 0) return Failed();
  size_ = 0;
  return absl::OkStatus();
}

void PartialFile::Remove() {
  if (!descriptor_.valid()) return;
  (void)descriptor_.Close();
  unlink(partial_path_.c_str());
}

}  // namespace sumscope::client
