#include "proto/contract/safetensors/safetensors.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors_json.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kAlignment = 8;

absl::Status FileError(absl::string_view reason, absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, message);
}

absl::Status Truncated(uint64_t needed, uint64_t file_bytes) {
  return FileError("SAFETENSORS_TRUNCATED", absl::StrCat("the safetensors file ends at byte ", file_bytes,
                                                         ", but needs ", needed, " bytes: send the whole file"));
}

// Bytes that shape and dtype ask for; false when they do not fit 64 bits.
bool TensorBytes(const SafetensorsTensor& tensor, uint64_t element_bytes, uint64_t* bytes) {
  if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) {
    *bytes = 0;
    return true;
  }
  *bytes = element_bytes;
  for (const uint64_t dimension : tensor.shape) {
    if (__builtin_mul_overflow(*bytes, dimension, bytes)) return false;
  }
  return true;
}

absl::Status CheckSize(const SafetensorsTensor& tensor) {
  const uint64_t element_bytes = SafetensorsElementBytes(tensor.dtype);
  if (element_bytes == 0) {
    return FileError("SAFETENSORS_DTYPE", absl::StrCat("tensor ", Quote(tensor.name), " has the unknown dtype ",
                                                       Quote(tensor.dtype), "; expected one like F32"));
  }
  uint64_t bytes = 0;
  if (!TensorBytes(tensor, element_bytes, &bytes) || tensor.end < tensor.begin || tensor.end - tensor.begin != bytes) {
    return FileError("SAFETENSORS_SIZE_MISMATCH",
                     absl::StrCat("the offsets [", tensor.begin, ", ", tensor.end, "] of tensor ", Quote(tensor.name),
                                  " do not fit its shape and its dtype ", tensor.dtype));
  }
  return absl::OkStatus();
}

// The tensors, ordered by begin, must cover the data part from its start to the end of the file, each byte once.
absl::Status CheckCoverage(const SafetensorsHeader& header, uint64_t file_bytes) {
  uint64_t covered = 0;
  for (const SafetensorsTensor& tensor : header.tensors) {
    if (tensor.begin < covered) {
      return FileError("SAFETENSORS_OVERLAP", absl::StrCat("tensor ", Quote(tensor.name),
                                                           " begins inside the tensor before it, at ", tensor.begin));
    }
    if (tensor.begin > covered) {
      return FileError("SAFETENSORS_GAP", absl::StrCat("bytes ", covered, " to ", tensor.begin,
                                                       " belong to no tensor (before ", Quote(tensor.name), ")"));
    }
    covered = tensor.end;
  }
  const uint64_t data_bytes = file_bytes - header.data_offset;
  if (covered > data_bytes) {
    return FileError("SAFETENSORS_TRUNCATED",
                     absl::StrCat("the safetensors file has ", data_bytes, " bytes of data, but its tensors need ",
                                  covered, ": send the whole file"));
  }
  if (covered < data_bytes) {
    return FileError("SAFETENSORS_GAP",
                     absl::StrCat("the last ", data_bytes - covered, " bytes of the file belong to no tensor"));
  }
  return absl::OkStatus();
}

// Foreign bytes come out as U+FFFD instead of an exception.
std::string JsonText(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

uint64_t SafetensorsElementBytes(absl::string_view dtype) {
  static constexpr std::pair<absl::string_view, uint64_t> kElementBytes[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"U16", 2}, {"I16", 2}, {"F16", 2},
      {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},     {"U64", 8},     {"I64", 8}, {"F64", 8}};
  for (const auto& [name, bytes] : kElementBytes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

absl::StatusOr<uint64_t> SafetensorsPrefixBytes(absl::string_view first_bytes, uint64_t file_bytes) {
  if (file_bytes < kLengthBytes) return Truncated(kLengthBytes, file_bytes);
  if (first_bytes.size() < kLengthBytes) return Truncated(kLengthBytes, first_bytes.size());
  uint64_t length = 0;
  for (int i = kLengthBytes - 1; i >= 0; --i) length = length << 8 | static_cast<uint8_t>(first_bytes[i]);
  if (length > limits::kMaxSafetensorsHeaderBytes) {
    return FileError("SAFETENSORS_HEADER_TOO_LARGE",
                     absl::StrCat("the header says it has ", length, " bytes; at most ",
                                  limits::kMaxSafetensorsHeaderBytes, " are read: is this a safetensors file?"));
  }
  if (length > file_bytes - kLengthBytes) return Truncated(kLengthBytes + length, file_bytes);
  return kLengthBytes + length;
}

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view prefix, uint64_t file_bytes) {
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t prefix_bytes, SafetensorsPrefixBytes(prefix, file_bytes));
  if (prefix.size() < prefix_bytes) return Truncated(prefix_bytes, prefix.size());
  SUMSCOPE_ASSIGN_OR_RETURN(SafetensorsHeader header,
                            ParseSafetensorsJson(prefix.substr(kLengthBytes, prefix_bytes - kLengthBytes)));
  header.data_offset = prefix_bytes;
  for (const SafetensorsTensor& tensor : header.tensors) SUMSCOPE_RETURN_IF_ERROR(CheckSize(tensor));
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  SUMSCOPE_RETURN_IF_ERROR(CheckCoverage(header, file_bytes));
  return header;
}

std::string MakeSafetensorsPrefix(const std::vector<SafetensorsTensor>& tensors,
                                  const std::map<std::string, std::string>& metadata) {
  std::string json = "{";
  if (!metadata.empty()) absl::StrAppend(&json, "\"__metadata__\":", JsonText(metadata));
  uint64_t offset = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    uint64_t bytes = SafetensorsElementBytes(tensor.dtype);
    for (const uint64_t dimension : tensor.shape) bytes *= dimension;
    absl::StrAppend(&json, json.size() > 1 ? "," : "", JsonText(tensor.name), ":{\"dtype\":", JsonText(tensor.dtype),
                    ",\"shape\":", JsonText(tensor.shape), ",\"data_offsets\":[", offset, ",", offset + bytes, "]}");
    offset += bytes;
  }
  json += '}';
  json.append((kAlignment - json.size() % kAlignment) % kAlignment, ' ');
  std::string prefix;
  for (uint64_t i = 0; i < kLengthBytes; ++i) prefix += static_cast<char>(json.size() >> (8 * i) & 0xff);
  return prefix + json;
}

}  // namespace sumscope
