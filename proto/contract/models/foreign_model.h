#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_FOREIGN_MODEL_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_FOREIGN_MODEL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/safetensors/safetensors.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// Weights as others publish them, read as ours. Every difference that is taken keeps the function that the model
// computes, bit for bit in exact arithmetic:
// - what stands before every name (model., _orig_mod.) is left out, as is ._original_component within one;
// - TransformerLens 3 names and layouts (embed.weight, blocks.0.attn.q.weight [heads * d_head, d_model], ..) become
//   embed.W_E, blocks.0.attn.W_Q [heads, d_model, d_head], ..; such shapes do not say how many heads there are, and the
//   metadata's n_heads or `n_heads` must;
// - a folded model has no LayerNorm at all (ln1, ln2 of every block and ln_final, w and b): its scales and shifts are
// in
//   the matrices, so they are 1 and 0 here;
// - F16 and BF16 become F32, and files of several float types the widest of them.

// One of our tensors and where its values are in the file.
struct ForeignTensor {
  // Of the file's tensor: ours row by row; [b, a] for ours [a, b]; [a * c, b] for ours [a, b, c]; [c, a * b] for ours
  // [a, b, c].
  enum class Layout { kSame, kTransposed, kHeadsOut, kHeadsIn };
  std::string name;  // ours
  std::vector<uint64_t> shape;
  std::optional<SafetensorsTensor> source;  // empty: every value is `constant`
  Layout layout = Layout::kSame;
  double constant = 0;

  // Which element of the source is our element `index`, both row by row.
  uint64_t SourceIndex(uint64_t index) const;
};

struct ForeignModel {
  v1::TrainSpec spec;                  // complete, with the precision of `dtype`
  std::string dtype;                   // of our tensors: F32 or F64
  std::vector<ForeignTensor> tensors;  // in the order of ModelTensors
  std::vector<std::string> notes;  // what was read otherwise than it is written, for people; empty for our own files
};

// What the file's own metadata says of the training and no weight does, as our exports write it ("spec"): operation,
// schedule, enrichment, rates, batch size, seed. Not the steps nor a run that was inserted: no step of a training here
// made these weights, and that run is elsewhere. nullopt where there is none, and where what is there is no valid spec
// with an operation; `note` then says so, for people.
std::optional<v1::TrainSpec> SpecOfMetadata(const SafetensorsHeader& file, std::string* note);

// INVALID_ARGUMENT with the reasons of InferSpec, MODEL_TENSOR_TWICE, MODEL_HEADS_UNKNOWN; the message says what the
// file holds instead.
absl::StatusOr<ForeignModel> ReadForeignModel(const SafetensorsHeader& file, v1::Operation operation,
                                              std::optional<uint32_t> n_heads);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_FOREIGN_MODEL_H_
