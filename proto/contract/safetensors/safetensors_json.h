#ifndef SUMSCOPE_PROTO_CONTRACT_SAFETENSORS_SAFETENSORS_JSON_H_
#define SUMSCOPE_PROTO_CONTRACT_SAFETENSORS_SAFETENSORS_JSON_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/safetensors/safetensors.h"

namespace sumscope {

// The JSON header of a safetensors file, tensors in its own order; data_offset is left 0. Reads event by event and
// stops at the first wrong one, so that deep nesting, repeated keys and huge files of rubbish cost neither stack nor
// memory. INVALID_ARGUMENT SAFETENSORS_HEADER_INVALID.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsJson(absl::string_view json);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_SAFETENSORS_SAFETENSORS_JSON_H_
