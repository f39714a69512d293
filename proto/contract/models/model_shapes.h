#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_SHAPES_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_SHAPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/safetensors/safetensors.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Every parameter of a complete spec's model in TransformerLens' names, layouts and our fixed order, dtype F32.
std::vector<SafetensorsTensor> ModelTensors(const v1::TrainSpec& spec);

// Tokens of a complete spec's format: 12 or 15.
uint64_t VocabularySize(const v1::TrainSpec& spec);

// What a foreign file's shapes say: layers, heads, dimensions, n and format (d_vocab 12 or 15, n_ctx); `operation` the
// rest. The spec is complete, steps 0 means unknown. Buffers attn.mask and attn.IGNORE, any dtype, are ignored.
// INVALID_ARGUMENT MODEL_TENSOR_MISSING, MODEL_TENSOR_UNKNOWN, MODEL_TENSOR_SHAPE, MODEL_TENSOR_DTYPE (F32 or F64),
// MODEL_SHAPE_UNKNOWN; FORMAT_NEEDS_SIGN.
absl::StatusOr<v1::TrainSpec> InferSpec(const SafetensorsHeader& header, v1::Operation operation);

// INVALID_ARGUMENT LIKE_MISMATCH naming the first field (operation, digits, layers, heads, dimensions, format) in which
// `imported` differs from `like`. Fields that `like` leaves unset, as a parsed model name does, are not compared.
absl::Status CheckLike(const v1::TrainSpec& imported, const v1::TrainSpec& like);

// Buffers that TransformerLens saves beside the parameters: blocks.0.attn.mask, blocks.0.attn.IGNORE.
bool IsModelBuffer(absl::string_view tensor_name);

// Hook names of science.md section 2 for a spec, in forward order.
std::vector<std::string> HookNames(const v1::TrainSpec& spec);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_MODEL_SHAPES_H_
