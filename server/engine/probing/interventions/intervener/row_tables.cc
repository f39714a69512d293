#include "server/engine/probing/interventions/intervener/row_tables.h"

#include <cmath>

#include "server/engine/model/block_math.h"
#include "server/engine/model/first_attention.h"
#include "server/engine/probing/interventions/intervener/change_plan.h"

namespace sumscope::engine {
namespace {

size_t FilledUp(int64_t columns) { return static_cast<size_t>(FirstAttention::BlocksOf(columns) * kSumBlock); }

torch::Tensor InFloat64(const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); }

// [rows, columns] in rows of `width`, zeros behind.
std::vector<float> AsRows(const torch::Tensor& table, size_t width) {
  torch::Tensor padded = torch::zeros({table.size(0), static_cast<int64_t>(width)}, torch::kFloat32);
  padded.slice(1, 0, table.size(1)).copy_(table);
  const float* const begin = padded.data_ptr<float>();
  return std::vector<float>(begin, begin + padded.numel());
}

// The parts of the attention of every pair, in float64.
struct PairParts {
  PairParts(const ModelConfig& config, const ModelWeights& weights) {
    const BlockWeights& block = weights.blocks.front();
    embedding = (InFloat64(weights.W_pos).unsqueeze(1) + InFloat64(weights.W_E).unsqueeze(0))
                    .reshape({config.n_ctx * config.d_vocab, config.d_model});
    const torch::Tensor normalized = Normalize(embedding, InFloat64(block.ln1_w), InFloat64(block.ln1_b)).unsqueeze(0);
    q = ProjectHeads(normalized, InFloat64(block.W_Q), InFloat64(block.b_Q)).squeeze(0);
    k = ProjectHeads(normalized, InFloat64(block.W_K), InFloat64(block.b_K)).squeeze(0);
    v = ProjectHeads(normalized, InFloat64(block.W_V), InFloat64(block.b_V)).squeeze(0);
  }

  torch::Tensor embedding;  // [pairs, d_model]
  torch::Tensor q, k, v;    // [n_heads, pairs, d_head]
};

}  // namespace

bool RowTables::Fits(const ModelConfig& config, uint64_t max_bytes) {
  if (config.n_layers != 1 || config.d_vocab > kSumLane || config.n_heads > ChangePlan::kMaxHeads) return false;
  const auto pairs = static_cast<uint64_t>(config.n_ctx * config.d_vocab);
  const auto heads = static_cast<uint64_t>(config.n_heads);
  const uint64_t d_model = FilledUp(config.d_model), d_mlp = FilledUp(config.d_mlp);
  const uint64_t floats = (1 + heads) * pairs * (d_model + d_mlp) + heads * pairs * FilledUp(config.d_head) +
                          pairs * heads * pairs + d_mlp * d_model;
  return floats * sizeof(float) <= max_bytes;
}

RowTables::RowTables(const ModelConfig& model, const ModelWeights& weights)
    : config(model),
      pairs(config.n_ctx * config.d_vocab),
      width(FilledUp(config.d_model)),
      hidden_width(FilledUp(config.d_mlp)),
      z_width(FilledUp(config.d_head)),
      weights_(weights) {
  const torch::NoGradGuard no_grad;
  const BlockWeights& block = weights.blocks.front();
  const PairParts pair(config, weights);
  const torch::Tensor written = torch::bmm(pair.v, InFloat64(block.W_O)).reshape({-1, config.d_model});
  const torch::Tensor rows = torch::cat({pair.embedding + InFloat64(block.b_O), written});
  residual = InBlocks(rows.size(0), config.d_model,
                      [&](int64_t first, int64_t count) { return rows.slice(1, first, first + count); });
  hidden =
      InBlocks(rows.size(0), config.d_mlp, [&](int64_t first, int64_t count) { return HiddenOf(rows, first, count); });
  for (int64_t head = 0; head < config.n_heads; ++head) {
    const std::vector<float> own = InBlocks(pairs, config.d_head, [&](int64_t first, int64_t count) {
      return pair.v[head].slice(1, first, first + count);
    });
    z.insert(z.end(), own.begin(), own.end());
  }
  const torch::Tensor score =
      torch::bmm(pair.q, pair.k.transpose(1, 2)) / std::sqrt(static_cast<double>(config.d_head));
  scores = AsRows(score.transpose(0, 1).reshape({-1, pairs}), static_cast<size_t>(pairs));

  const torch::Tensor W_in = InFloat64(block.W_in), W_U = InFloat64(weights.W_U);
  hidden_bias =
      AsRows((torch::matmul(InFloat64(block.ln2_b), W_in) + InFloat64(block.b_in)).unsqueeze(0), hidden_width);
  const torch::Tensor W_out = torch::constant_pad_nd(block.W_out.to(torch::kFloat32),
                                                     {0, 0, 0, static_cast<int64_t>(hidden_width) - config.d_mlp});
  out = InBlocks(static_cast<int64_t>(hidden_width), config.d_model,
                 [&](int64_t first, int64_t count) { return W_out.slice(1, first, first + count); });
  out_bias = AsRows(block.b_out.unsqueeze(0), width);
  const torch::Tensor U = InFloat64(weights.ln_final_w).unsqueeze(1) * W_U;
  unembed = AsRows(torch::constant_pad_nd(U, {0, 0, 0, static_cast<int64_t>(width) - config.d_model}), kSumLane);
  logit_bias =
      AsRows((torch::matmul(InFloat64(weights.ln_final_b), W_U) + InFloat64(weights.b_U)).unsqueeze(0), kSumLane);
}

// Columns first .. first+count-1 of what the MLP reads of `residual` float64, but for ln2's scale.
torch::Tensor RowTables::HiddenOf(const torch::Tensor& from, int64_t first, int64_t count) const {
  const BlockWeights& block = weights_.blocks.front();
  const torch::Tensor in = InFloat64(block.ln2_w).unsqueeze(1) * InFloat64(block.W_in.slice(1, first, first + count));
  return torch::mm(Centred(from), in);
}

RowTables::Written RowTables::Write(const torch::Tensor& z_rows, int64_t head) const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor written = torch::mm(z_rows, InFloat64(weights_.blocks.front().W_O[head]));
  return {AsRows(written, width), AsRows(HiddenOf(written, 0, config.d_mlp), hidden_width)};
}

}  // namespace sumscope::engine
