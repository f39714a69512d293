#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_FORWARD_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_FORWARD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/first_attention.h"
#include "server/engine/model/tiles/tile_unit.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine::screening {

// The forward pass of a Screen on the CPU: products in bfloat16, all between them in float32 (ours).
//
// Everything that writes into the residual stream is centred over d_model beforehand, so that a LayerNorm is a division
// by the root of the mean square; its weights and biases are folded into the matrix that reads it, b_V into b_O, and
// b_K shifts all scores of a query alike. Layer 0's attention is FirstAttention's sums; in the last layer only the
// answer rows are computed, and before it all of them. On the CPU; thread-safe once made; questions are shared out
// among the threads of at::parallel_for.
class ScreenForward {
 public:
  static bool Fits(const ModelConfig& config);

  // `weights` float32 or float64 on the CPU. The model Fits.
  ScreenForward(const ModelConfig& config, const ModelWeights& weights, const Encoding& encoding);

  // Logits [count, n_answer, d_vocab] of tokens [count, n_ctx].
  void Logits(const int64_t* tokens, size_t count, float* logits) const;

 private:
  struct Layer {
    tiles::TileMatrix q, kv, o, in, out;  // of layer 0 the last two alone
    std::vector<float> q_bias, o_bias, in_bias, out_bias;
  };
  struct Buffers;

  torch::Tensor ByHeads(const torch::Tensor& heads) const;
  Layer MakeLayer(const BlockWeights& block, bool attends) const;
  // residual of `rows` becomes what the MLP leaves of it, but for its output bias.
  void AddMlp(const Layer& layer, float* residual, int64_t rows, Buffers* buffers) const;
  // From all rows' residual to that of rows `first` .. of each question, which `last` is given.
  void AddAttention(const Layer& layer, const Layer& before, int64_t questions, int64_t first, Buffers* buffers) const;
  void Run(const int64_t* tokens, size_t count, float* logits, Buffers* buffers) const;

  const ModelConfig config_;
  const int64_t first_row_, positions_;
  const FirstAttention first_attention_;
  const int64_t d_head_;         // padded
  const int64_t width_, depth_;  // of all heads; padded as a left matrix
  std::vector<Layer> layers_;
  std::vector<float> unembedding_, logit_bias_;  // [d_model padded][16], [16]
};

}  // namespace sumscope::engine::screening

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_FORWARD_H_
