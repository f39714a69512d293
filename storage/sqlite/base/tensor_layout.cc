#include "storage/sqlite/base/tensor_layout.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/safetensors/safetensors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::storage {

absl::StatusOr<uint64_t> TensorDataBytes(const std::vector<StoredTensor>& tensors) {
  constexpr uint64_t kTooMany = uint64_t{1} << kTensorOffsetBits;
  uint64_t data_bytes = 0;
  for (const StoredTensor& tensor : tensors) {
    uint64_t bytes = SafetensorsElementBytes(tensor.dtype);
    for (const uint64_t extent : tensor.shape) {
      if (extent != 0 && bytes > kTooMany / extent) bytes = 0;  // beyond what a set may hold
      bytes *= extent;
    }
    if (bytes != tensor.bytes || tensor.name.empty()) {
      return MakeError(
          absl::StatusCode::kInvalidArgument, "TENSOR_INVALID",
          absl::StrCat("tensor ", Quote(tensor.name), ": its shape and type do not make ", tensor.bytes, " bytes"));
    }
    data_bytes += bytes;
    if (data_bytes >= kTooMany) {
      return MakeError(absl::StatusCode::kInvalidArgument, "TENSOR_INVALID", "a tensor set is below 1 TiB");
    }
  }
  return data_bytes;
}

std::string ShapeText(const std::vector<uint64_t>& shape) { return absl::StrJoin(shape, ","); }

std::optional<std::vector<uint64_t>> ParseShape(absl::string_view text) {
  std::vector<uint64_t> shape;
  for (const absl::string_view extent : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    if (!absl::SimpleAtoi(extent, &shape.emplace_back())) return std::nullopt;
  }
  return shape;
}

}  // namespace sumscope::storage
