#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_WEIGHTS_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_WEIGHTS_H_

#include <string>
#include <utility>
#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// Tensors under TransformerLens' names and in its layouts.
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

struct ParameterInfo {
  std::string name;
  std::vector<int64_t> shape;
};
// Every parameter in the one fixed order: embed.W_E, pos_embed.W_pos, then per block ln1.{w,b},
// attn.{W_Q,W_K,W_V,b_Q,b_K,b_V,W_O,b_O}, ln2.{w,b}, mlp.{W_in,b_in,W_out,b_out}, then ln_final.{w,b},
// unembed.{W_U,b_U}.
std::vector<ParameterInfo> ParameterList(const ModelConfig& config);

// Fresh weights on the CPU, in float64 when so asked (the same values, unrounded). Every weight matrix
// ~ N(0, (0.8/sqrt(d_model))^2), biases 0, LayerNorm scales 1.
// Element e of the parameter at position p of ParameterList comes from stream 0, step = p, row = e / 4, column 0: the
// four words give two Box-Muller pairs in double, from u1 = (word + 0.5) / 2^32 and u2 = word / 2^32:
// sqrt(-2 ln u1) * {cos, sin}(2 pi u2).
NamedTensors InitialWeights(const ModelConfig& config, uint64_t seed, torch::ScalarType dtype = torch::kFloat32);

// The tensors in the fixed order, contiguous, moved to device and dtype (never sharing memory with the input). Throws
// kInvalidArgument: WEIGHTS_MISSING, WEIGHTS_UNKNOWN, WEIGHTS_DUPLICATE, WEIGHTS_SHAPE, WEIGHTS_DTYPE (not floating),
// WEIGHTS_NOT_FINITE; each message names the tensor.
NamedTensors CheckedWeights(const ModelConfig& config, const NamedTensors& weights, torch::Device device,
                            torch::ScalarType dtype);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_WEIGHTS_H_
