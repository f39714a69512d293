#include "server/rpc/serve/transfer/upload_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "proto/contract/errors/errors.h"
#include "storage/sqlite/files/system_error.h"

namespace sumscope::rpc {
namespace {

constexpr char kUnwritable[] = "the upload cannot be written to the data directory";

}  // namespace

absl::StatusOr<std::unique_ptr<UploadSpool>> UploadSpool::Create(const std::string& directory) {
  FileDescriptor descriptor(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!descriptor.valid()) return storage::SystemError(errno, kUnwritable);
  return std::unique_ptr<UploadSpool>(new UploadSpool(std::move(descriptor)));
}

absl::Status UploadSpool::Append(absl::string_view bytes) {
  hash_.Update(bytes);
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return storage::SystemError(errno, kUnwritable);
    }
    size_ += written;
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> UploadSpool::Read(uint64_t offset, uint64_t length) const {
  std::string bytes(length, '\0');
  uint64_t done = 0;
  while (done < length) {
    const ssize_t got = pread(descriptor_.get(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return storage::SystemError(errno, "the spooled upload cannot be read back");
    if (got == 0) {
      return MakeError(absl::StatusCode::kDataLoss, "UPLOAD_UNREADABLE", "the spooled upload ends before its end");
    }
    done += got;
  }
  return bytes;
}

}  // namespace sumscope::rpc
