#ifndef SUMSCOPE_STORAGE_SQLITE_BASE_TENSOR_LAYOUT_H_
#define SUMSCOPE_STORAGE_SQLITE_BASE_TENSOR_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/run_file.h"

namespace sumscope::storage {

// Offsets into the bytes of tensors that are stored together have so many bits: they are below 1 TiB.
inline constexpr int kTensorOffsetBits = 40;

// Bytes of the tensors, concatenated. INVALID_ARGUMENT TENSOR_INVALID when a shape and type do not make the bytes that
// the tensor claims, or all are too many.
absl::StatusOr<uint64_t> TensorDataBytes(const std::vector<StoredTensor>& tensors);

// "3,4"; "" for a scalar.
std::string ShapeText(const std::vector<uint64_t>& shape);
std::optional<std::vector<uint64_t>> ParseShape(absl::string_view text);

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_BASE_TENSOR_LAYOUT_H_
