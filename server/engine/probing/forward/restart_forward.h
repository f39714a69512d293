#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_RESTART_FORWARD_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_RESTART_FORWARD_H_

#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"

namespace sumscope::engine {

// Questions of one pass, so that its tensors stay below 256 MiB.
int64_t RestartBatchSize(const ModelConfig& config);

// A forward pass that is run once and then again from a node on.
//
// Goals: replacing the activation of a node recomputes only what lies downstream of it, which is how a useful-node map
// of hundreds of nodes becomes affordable; equal to Transformer with hooks (by test).
//  - A head or MLP at position p changes row p of its layer alone; in later layers the rows from p on, of which the
//    last layer needs the answer rows only.
//  - Keys and values are recomputed at changed rows only.
// Non-goals: gradients, other hooks.
//
// Thread-compatible.
class RestartForward {
 public:
  // Throws what CheckedWeights and CheckEncoding throw.
  explicit RestartForward(const Model& model);

  // Every intermediate that a restart may need, of one batch of questions.
  struct Pass {
    std::vector<torch::Tensor> residual;  // [n_layers + 1] of [batch, n_ctx, d_model]: before each layer and at the end
    std::vector<torch::Tensor> mid;       // [n_layers] of [batch, n_ctx, d_model]: hook_resid_mid
    std::vector<torch::Tensor> mlp_out;   // the same of hook_mlp_out
    std::vector<torch::Tensor> z;         // [n_layers] of [batch, n_ctx, n_heads, d_head]
    std::vector<torch::Tensor> k, v;      // [n_layers] of [batch, n_heads, n_ctx, d_head]
    torch::Tensor logits;                 // [batch, n_answer, d_vocab] of the answer rows
  };
  // tokens int64 [batch, n_ctx] on the CPU.
  Pass Run(const torch::Tensor& tokens) const;

  // What a node holds in a pass: [batch, width], or [batch, n_ctx, width] of a node at every position.
  static torch::Tensor ValueOf(const Pass& pass, const Node& node);

  // `value`: [width] for all, [batch, width] at one position; at every position [n_ctx, width], [batch, n_ctx, width].
  struct Replacement {
    Node node;
    torch::Tensor value;
  };
  // How far the replacements move the activations, all nodes together, each activation once: Euclidean, float64
  // [batch] on the CPU.
  static torch::Tensor Distance(const Pass& pass, const std::vector<Replacement>& replacements);
  // Logits [batch, n_answer, d_vocab] of the answer rows with all these nodes replaced. A node upstream of another is
  // replaced first. Nodes must exist.
  torch::Tensor Rerun(const Pass& pass, const std::vector<Replacement>& replacements) const;

  const Encoding& encoding() const { return encoding_; }
  const ModelConfig& config() const { return config_; }
  int64_t batch_size() const { return RestartBatchSize(config_); }

 private:
  struct Rows;  // changed rows of the residual stream
  torch::Tensor Attend(const BlockWeights& block, const torch::Tensor& normalized, const torch::Tensor& k,
                       const torch::Tensor& v, const std::vector<int64_t>& rows) const;
  torch::Tensor Unembed(const torch::Tensor& residual) const;
  std::vector<int64_t> RowsToCompute(int64_t layer, const Rows& changed,
                                     const std::vector<const Replacement*>& replacements) const;
  Rows RunLayer(int64_t layer, const Pass& pass, const Rows& changed,
                const std::vector<const Replacement*>& replacements) const;

  const Encoding encoding_;
  const ModelConfig config_;
  const torch::Device device_;
  const NamedTensors checked_;
  const ModelWeights weights_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_RESTART_FORWARD_H_
