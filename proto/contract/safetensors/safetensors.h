#ifndef SUMSCOPE_PROTO_CONTRACT_SAFETENSORS_SAFETENSORS_H_
#define SUMSCOPE_PROTO_CONTRACT_SAFETENSORS_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope {

// The safetensors file format: 8 bytes little-endian header length, a JSON header, the tensors' bytes.
struct SafetensorsTensor {
  std::string name;
  std::string dtype;            // F32, F64, I64, ..
  std::vector<uint64_t> shape;  // [] is a scalar
  uint64_t begin = 0, end = 0;  // within the data part
};
struct SafetensorsHeader {
  std::vector<SafetensorsTensor> tensors;  // by begin
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  // of the data part in the file
};

// Parses the header from the first bytes of a file of `file_bytes`. `prefix` must hold the whole header: its needed
// length is SafetensorsPrefixBytes. INVALID_ARGUMENT SAFETENSORS_TRUNCATED, _HEADER_TOO_LARGE, _HEADER_INVALID (not
// JSON, wrong types), _OVERLAP, _GAP, _SIZE_MISMATCH (offsets against shape and dtype), _DTYPE.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view prefix, uint64_t file_bytes);
// Bytes of length field and header, from the first 8 bytes. SAFETENSORS_TRUNCATED, _HEADER_TOO_LARGE.
absl::StatusOr<uint64_t> SafetensorsPrefixBytes(absl::string_view first_bytes, uint64_t file_bytes);

// Length field and header for tensors in this order (begin and end are computed), padded to 8 bytes. Equal arguments
// give equal bytes.
std::string MakeSafetensorsPrefix(const std::vector<SafetensorsTensor>& tensors,
                                  const std::map<std::string, std::string>& metadata);

// Bytes of one element; 0 for an unknown dtype.
uint64_t SafetensorsElementBytes(absl::string_view dtype);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_SAFETENSORS_SAFETENSORS_H_
