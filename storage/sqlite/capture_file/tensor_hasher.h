#ifndef SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_TENSOR_HASHER_H_
#define SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_TENSOR_HASHER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/text/sha256.h"
#include "storage/capture_file.h"

namespace sumscope::storage {

// Lays tensors out one after the other and hashes each as its bytes come by. Thread-compatible.
class TensorHasher {
 public:
  // INVALID_ARGUMENT TENSOR_INVALID.
  static absl::StatusOr<TensorHasher> Make(const std::vector<StoredTensor>& tensors);

  // INVALID_ARGUMENT TENSOR_SET_TOO_LONG; nothing of `bytes` counts then.
  absl::Status Append(absl::string_view bytes);
  // DATA_LOSS TENSOR_SET_INCOMPLETE. Call once.
  absl::StatusOr<std::vector<CaptureTensor>> Finish();
  uint64_t data_bytes() const { return data_bytes_; }

 private:
  TensorHasher() = default;
  void EndFullTensors();

  std::vector<CaptureTensor> tensors_;
  uint64_t data_bytes_ = 0;
  uint64_t received_ = 0;
  size_t current_ = 0;  // the tensor that the next byte belongs to
  std::unique_ptr<Sha256> hash_;
};

// What may stand in a file's name for a run or a capture: 1 to 64 lower-case letters, digits and '-'.
bool IsStoredName(absl::string_view name);

// The answers that every kind of capture storage gives.
absl::Status NoCapture(const std::string& run, const std::string& capture);
absl::Status CaptureExists(const std::string& run, const std::string& capture);
// OUT_OF_RANGE OFFSET_OUT_OF_RANGE.
absl::Status CheckRange(uint64_t offset, uint64_t length, uint64_t data_bytes);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CAPTURE_FILE_TENSOR_HASHER_H_
