#include "server/rpc/runs/imports/foreign_weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "proto/contract/errors/status_macros.h"

namespace sumscope::rpc {
namespace {

using Layout = ForeignTensor::Layout;

double HalfValue(uint16_t bits) {
  const double sign = bits >> 15 != 0 ? -1 : 1;
  const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  if (exponent == 0x1f) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

template <typename T>
T Load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// An element as the file has it; exact.
double ValueOf(const std::string& dtype, const char* bytes) {
  if (dtype == "F64") return Load<double>(bytes);
  if (dtype == "F32") return Load<float>(bytes);
  const auto bits = Load<uint16_t>(bytes);
  if (dtype == "F16") return HalfValue(bits);
  const uint32_t widened = uint32_t{bits} << 16;  // BF16 is the upper half of F32
  float value;
  std::memcpy(&value, &widened, sizeof(value));
  return value;
}

template <typename T>
void Append(double value, std::string* bytes) {
  const auto typed = static_cast<T>(value);
  bytes->append(reinterpret_cast<const char*>(&typed), sizeof(typed));
}

}  // namespace

ForeignWeights::ForeignWeights(const UploadSpool& spool, uint64_t data_offset, ForeignModel model, IncomingRoom* room)
    : spool_(spool),
      data_offset_(data_offset),
      model_(std::move(model)),
      element_bytes_(SafetensorsElementBytes(model_.dtype)),
      begins_({0}),
      memory_(room) {
  for (const ForeignTensor& tensor : model_.tensors) {
    uint64_t bytes = element_bytes_;
    for (const uint64_t dimension : tensor.shape) bytes *= dimension;
    begins_.push_back(begins_.back() + bytes);
  }
}

absl::StatusOr<std::string> ForeignWeights::Read(uint64_t offset, uint64_t length) {
  const uint64_t end = std::min(offset + length, total_bytes());
  std::string bytes;
  for (size_t tensor = 0; tensor < model_.tensors.size(); ++tensor) {
    const uint64_t from = std::max(offset, begins_[tensor]), to = std::min(end, begins_[tensor + 1]);
    if (from >= to) continue;
    const uint64_t first = (from - begins_[tensor]) / element_bytes_;
    const uint64_t last = (to - begins_[tensor] + element_bytes_ - 1) / element_bytes_;
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string elements, Elements(tensor, first, last - first));
    bytes.append(elements, from - begins_[tensor] - first * element_bytes_, to - from);
  }
  return bytes;
}

absl::StatusOr<std::string> ForeignWeights::Elements(size_t index, uint64_t first, uint64_t count) {
  const ForeignTensor& tensor = model_.tensors[index];
  if (!tensor.source.has_value()) return Converted(tensor, "", 0, first, count);
  const uint64_t begin = data_offset_ + tensor.source->begin, each = SafetensorsElementBytes(tensor.source->dtype);
  if (tensor.layout == Layout::kSame) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::string part, spool_.Read(begin + first * each, count * each));
    if (tensor.source->dtype == model_.dtype) return part;
    return Converted(tensor, part, first, first, count);
  }
  if (held_ != index) {
    const uint64_t bytes = tensor.source->end - tensor.source->begin;
    held_ = SIZE_MAX;
    held_bytes_ = std::string();  // gone before the next comes
    SUMSCOPE_RETURN_IF_ERROR(memory_.HoldMemory(bytes));
    SUMSCOPE_ASSIGN_OR_RETURN(held_bytes_, spool_.Read(begin, bytes));
    held_ = index;
  }
  return Converted(tensor, held_bytes_, 0, first, count);
}

// `source` begins with the file's element `source_first`.
absl::StatusOr<std::string> ForeignWeights::Converted(const ForeignTensor& tensor, absl::string_view source,
                                                      uint64_t source_first, uint64_t first, uint64_t count) const {
  const uint64_t each = tensor.source.has_value() ? SafetensorsElementBytes(tensor.source->dtype) : 0;
  std::string bytes;
  bytes.reserve(count * element_bytes_);
  for (uint64_t i = first; i < first + count; ++i) {
    const uint64_t at = (tensor.SourceIndex(i) - source_first) * each;
    if (at + each > source.size()) return absl::InternalError("the imported file became shorter while it was read");
    const double value =
        tensor.source.has_value() ? ValueOf(tensor.source->dtype, source.data() + at) : tensor.constant;
    if (element_bytes_ == sizeof(double)) {
      Append<double>(value, &bytes);
    } else {
      Append<float>(value, &bytes);
    }
  }
  return bytes;
}

}  // namespace sumscope::rpc
