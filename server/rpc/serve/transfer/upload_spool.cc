#include "server/rpc/serve/transfer/upload_spool.h"

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::rpc {
namespace {

constexpr char kUnwritable[] = "the upload cannot be written to the data directory";
constexpr char kUnreadable[] = "the spooled upload cannot be read back";

}  // namespace

absl::StatusOr<std::unique_ptr<UploadSpool>> UploadSpool::Create(const std::string& directory, storage::Env* env) {
  SUMSCOPE_ASSIGN_OR_RETURN(auto file, env->NewTemporaryFile(directory, kUnwritable));
  return std::unique_ptr<UploadSpool>(new UploadSpool(std::move(file)));
}

absl::Status UploadSpool::Append(absl::string_view bytes) {
  hash_.Update(bytes);
  while (!bytes.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const size_t written, file_->Write(bytes, kUnwritable));
    size_ += written;
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> UploadSpool::Read(uint64_t offset, uint64_t length) const {
  std::string bytes(length, '\0');
  uint64_t done = 0;
  while (done < length) {
    SUMSCOPE_ASSIGN_OR_RETURN(const size_t got,
                              file_->Read(offset + done, length - done, bytes.data() + done, kUnreadable));
    if (got == 0) {
      return MakeError(absl::StatusCode::kDataLoss, "UPLOAD_UNREADABLE", "the spooled upload ends before its end");
    }
    done += got;
  }
  return bytes;
}

}  // namespace sumscope::rpc
