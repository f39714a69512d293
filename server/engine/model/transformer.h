#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_TRANSFORMER_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_TRANSFORMER_H_

#include <string>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/hooks.h"
#include "server/engine/model/weights.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// A trained (or untrained) model and the way its questions are written. The tensors' dtype decides the precision of
// every computation with it.
struct Model {
  ModelConfig config;
  int n_digits = 0;
  Format format = Format::kSigned;
  NamedTensors weights;  // any device, any order
  torch::Device device = torch::kCPU;
};

// The parameters of one block, by their names; of a whole model with `blocks`.
struct BlockWeights {
  torch::Tensor ln1_w, ln1_b, W_Q, W_K, W_V, b_Q, b_K, b_V, W_O, b_O, ln2_w, ln2_b, W_in, b_in, W_out, b_out;
};
struct ModelWeights {
  torch::Tensor W_E, W_pos, ln_final_w, ln_final_b, W_U, b_U;
  std::vector<BlockWeights> blocks;
};
// `weights` in the order of ParameterList, as CheckedWeights gives them; they are used as they are, gradients and all.
ModelWeights BindWeights(const ModelConfig& config, const NamedTensors& weights);

// The readable transformer that every faster path is compared with: one line per formula, every intermediate through a
// hook point, every row computed. Differentiable. Thread-compatible.
class Transformer {
 public:
  Transformer(const ModelConfig& config, const NamedTensors& weights)
      : config_(config), weights_(BindWeights(config, weights)) {}

  // Logits [batch, position, d_vocab] of tokens int64 [batch, position], position <= n_ctx. hooks may be null; throws
  // PassEnded where they end the pass.
  torch::Tensor Forward(const torch::Tensor& tokens, const Hooks* hooks = nullptr) const;

 private:
  torch::Tensor Attention(const BlockWeights& block, const torch::Tensor& normalized, const std::string& prefix,
                          const Hooks* hooks) const;

  ModelConfig config_;
  ModelWeights weights_;
};

// -log p(token) in float64 [batch, n_answer] of logits at the answer rows [batch, n_answer, d_vocab] and the true
// answer tokens [batch, n_answer]. The training loss is its mean; digit_loss its mean over the batch.
torch::Tensor AnswerLosses(const torch::Tensor& logits, const torch::Tensor& answers);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_TRANSFORMER_H_
