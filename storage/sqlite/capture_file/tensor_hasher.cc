#include "storage/sqlite/capture_file/tensor_hasher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "storage/sqlite/base/tensor_layout.h"

namespace sumscope::storage {

absl::StatusOr<TensorHasher> TensorHasher::Make(const std::vector<StoredTensor>& tensors) {
  TensorHasher hasher;
  SUMSCOPE_ASSIGN_OR_RETURN(hasher.data_bytes_, TensorDataBytes(tensors));
  uint64_t offset = 0;
  for (const StoredTensor& tensor : tensors) {
    hasher.tensors_.push_back({tensor, offset, ""});
    offset += tensor.bytes;
  }
  hasher.hash_ = std::make_unique<Sha256>();
  hasher.EndFullTensors();
  return hasher;
}

void TensorHasher::EndFullTensors() {
  while (current_ < tensors_.size()) {
    CaptureTensor& tensor = tensors_[current_];
    if (received_ < tensor.offset + tensor.tensor.bytes) return;
    tensor.sha256 = hash_->HexDigest();
    hash_ = std::make_unique<Sha256>();
    ++current_;
  }
}

absl::Status TensorHasher::Append(absl::string_view bytes) {
  if (bytes.size() > data_bytes_ - received_) {
    return MakeError(absl::StatusCode::kInvalidArgument, "TENSOR_SET_TOO_LONG",
                     absl::StrCat("the tensors have ", data_bytes_, " bytes and ", received_ + bytes.size(), " came"));
  }
  while (!bytes.empty()) {
    const CaptureTensor& tensor = tensors_[current_];
    const uint64_t wanted = tensor.offset + tensor.tensor.bytes - received_;
    const absl::string_view piece = bytes.substr(0, std::min<uint64_t>(wanted, bytes.size()));
    hash_->Update(piece);
    received_ += piece.size();
    bytes.remove_prefix(piece.size());
    EndFullTensors();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CaptureTensor>> TensorHasher::Finish() {
  if (received_ != data_bytes_) {
    return MakeError(absl::StatusCode::kDataLoss, "TENSOR_SET_INCOMPLETE",
                     absl::StrCat(received_, " of ", data_bytes_, " bytes of the tensors came in"));
  }
  return std::move(tensors_);
}

bool IsStoredName(absl::string_view name) {
  constexpr size_t kMaxLength = 64;
  return !name.empty() && name.size() <= kMaxLength &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == absl::string_view::npos;
}

absl::Status NoCapture(const std::string& run, const std::string& capture) {
  return MakeError(absl::StatusCode::kNotFound, "CAPTURE_FILE_NOT_FOUND",
                   absl::StrCat("run ", Quote(run), " has no file of capture ", Quote(capture), "; capture again"));
}

absl::Status CaptureExists(const std::string& run, const std::string& capture) {
  return MakeError(
      absl::StatusCode::kAlreadyExists, "CAPTURE_EXISTS",
      absl::StrCat("run ", Quote(run), " has a capture ", Quote(capture), " already, or it is being written"));
}

absl::Status CheckRange(uint64_t offset, uint64_t length, uint64_t data_bytes) {
  if (offset <= data_bytes && length <= data_bytes - offset) return absl::OkStatus();
  return MakeError(absl::StatusCode::kOutOfRange, "OFFSET_OUT_OF_RANGE",
                   absl::StrCat(length, " bytes from ", offset, " on go beyond the capture's ", data_bytes));
}

}  // namespace sumscope::storage
