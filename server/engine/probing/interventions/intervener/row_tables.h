#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_TABLES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/model/table_sums.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// The tables of a one-layer model whose rows are changed (ours; notation and derivation in answer_tables.h). A row's
// residual stream before the MLP and, divided by ln2's scale, the MLP's input are sums of a part that its query pair
// has and one that each head writes:
//   mid    = E[query pair] + sum over heads h of R_h,                     R_h = sum over keys j of pattern_h(j) *
//   VO_h[key pair j] hidden = relu((T E[query pair] + sum over h of T R_h) / s2 + ln2_b W_in + b_in),   T x = (x -
//   mean(x)) diag(ln2_w) W_in logits = LayerNorm(mid + hidden W_out + b_out) W_U + b_U
// A head's part is a sum over rows of a table, in whatever row it stands: another one takes its place by one sum of
// n_heads + 1 rows. Only hidden W_out is a product, of those units alone that are not zero.
//
// Made in float64, held in float32, for the CPU. Immutable.
struct RowTables {
  // Whether the model has tables: one layer, at most ChangePlan::kMaxHeads heads and kSumLane tokens, and at most
  // `max_bytes` of them.
  static bool Fits(const ModelConfig& config, uint64_t max_bytes);
  // `weights` on the CPU; the model Fits.
  RowTables(const ModelConfig& config, const ModelWeights& weights);

  // What `head` writes of z float64 [rows, d_head], as float32 [rows, width] and [rows, hidden_width].
  struct Written {
    std::vector<float> residual, hidden;
  };
  Written Write(const torch::Tensor& z, int64_t head) const;

  size_t Stride() const { return static_cast<size_t>((1 + config.n_heads) * pairs * kSumBlock); }
  const float* ResidualBlock(size_t block) const { return &residual[block * Stride()]; }
  const float* HiddenBlock(size_t block) const { return &hidden[block * Stride()]; }
  const float* ZBlock(size_t head, size_t block) const {
    return &z[(head * (z_width / kSumBlock) + block) * static_cast<size_t>(pairs * kSumBlock)];
  }
  // Of a pair's row: scores of its query to the keys of all pairs.
  const float* Scores(size_t query, size_t head) const {
    return &scores[(query * static_cast<size_t>(config.n_heads) + head) * static_cast<size_t>(pairs)];
  }

  const ModelConfig config;
  const int64_t pairs;                        // n_ctx * d_vocab: position * d_vocab + token
  const size_t width, hidden_width, z_width;  // d_model, d_mlp and d_head, filled up to blocks
  // Columns in blocks (table_sums.h) of (1 + n_heads) * pairs rows, the query's part first; z in [n_heads] times blocks
  // of pairs rows.
  std::vector<float> residual, hidden, z;
  std::vector<float> scores;         // [pairs][n_heads][pairs]
  std::vector<float> hidden_bias;    // [hidden_width]
  std::vector<float> out, out_bias;  // W_out in blocks of hidden_width rows; [width]
  std::vector<float> unembed;        // diag(ln_final_w) W_U, [width][kSumLane]
  std::vector<float> logit_bias;     // [kSumLane]

 private:
  torch::Tensor HiddenOf(const torch::Tensor& residual, int64_t first, int64_t count) const;

  const ModelWeights weights_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_TABLES_H_
