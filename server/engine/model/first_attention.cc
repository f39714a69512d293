#include "server/engine/model/first_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/engine/model/block_math.h"

namespace sumscope::engine {
namespace {

constexpr float kLeastSum = 1e-20F;

}  // namespace

FirstAttention::FirstAttention(const ModelConfig& config, const ModelWeights& weights, int64_t first_row,
                               torch::Tensor* rows, const std::function<void()>& look)
    : config_(config),
      first_row_(first_row),
      pairs_((config.n_ctx - 1) * config.d_vocab),
      table_rows_((1 + config.n_heads) * pairs_),
      blocks_(BlocksOf(config.d_model)) {
  const torch::NoGradGuard no_grad;
  const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); };
  const auto looked = [&](torch::Tensor made) {
    if (look) look();
    return made;
  };
  const BlockWeights& block = weights.blocks.front();
  const torch::Tensor embedding =
      (wide(weights.W_pos).slice(0, 0, config.n_ctx - 1).unsqueeze(1) + wide(weights.W_E).unsqueeze(0))
          .reshape({pairs_, config.d_model});
  const torch::Tensor normalized = Normalize(embedding, wide(block.ln1_w), wide(block.ln1_b)).unsqueeze(0);
  const torch::Tensor q = looked(ProjectHeads(normalized, wide(block.W_Q), wide(block.b_Q)).squeeze(0));
  const torch::Tensor k = looked(ProjectHeads(normalized, wide(block.W_K), wide(block.b_K)).squeeze(0));
  const torch::Tensor v = looked(ProjectHeads(normalized, wide(block.W_V), wide(block.b_V)).squeeze(0));
  const torch::Tensor written = looked(torch::bmm(v, wide(block.W_O)).reshape({-1, config.d_model}));
  const torch::Tensor table = Centred(torch::cat({embedding + wide(block.b_O), written}));
  if (rows != nullptr) *rows = table;
  residual_ = InBlocks(table_rows_, config.d_model,
                       [&](int64_t first, int64_t count) { return table.slice(1, first, first + count); });

  if (look) look();
  // exp(score - the largest that the query could meet): a row's pattern is what its keys have of these, over their sum.
  const torch::Tensor scores = (torch::bmm(q.slice(1, first_row * config.d_vocab), k.transpose(1, 2)) /
                                std::sqrt(static_cast<double>(config.d_head)))
                                   .transpose(0, 1)
                                   .contiguous();  // [query pairs, n_heads, pairs]
  const torch::Tensor position = torch::arange(pairs_).div(config.d_vocab, "floor");
  const torch::Tensor later = position.unsqueeze(0) > position.slice(0, first_row * config.d_vocab).unsqueeze(1);
  const torch::Tensor seen = scores.masked_fill(later.unsqueeze(1), -std::numeric_limits<double>::infinity());
  const torch::Tensor weight = (seen - seen.amax(-1, /*keepdim=*/true)).exp().to(torch::kFloat32).contiguous();
  exp_scores_.assign(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
}

void FirstAttention::MakeSums(const int64_t* tokens, size_t count, Rows of, Sums* sums) const {
  const int64_t d_vocab = config_.d_vocab, n_heads = config_.n_heads;
  const int64_t parts = (of.count + kSumGroup - 1) / kSumGroup;
  sums->rows = count * static_cast<size_t>(of.count);
  sums->query.resize(sums->rows);
  // A group's keys are those of its last row; they lie beyond the earlier rows where their weight is 0.
  const auto most = static_cast<size_t>(n_heads * (config_.n_ctx - 1));
  sums->term.resize(count * static_cast<size_t>(parts) * most);
  sums->weight.resize(sums->rows * most);
  sums->groups.clear();
  uint32_t* query = sums->query.data();
  uint32_t* term = sums->term.data();
  float* weight = sums->weight.data();
  for (size_t question = 0; question < count; ++question) {
    const int64_t* const line = tokens + question * static_cast<size_t>(config_.n_ctx);
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t begin = of.first + of.count * part / parts;
      const int64_t rows = of.first + of.count * (part + 1) / parts - begin;
      const int64_t keys = begin + rows;
      sums->groups.push_back({static_cast<int>(rows), static_cast<size_t>(n_heads * keys), query, term, weight});
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t row = begin + r;
        query[r] = static_cast<uint32_t>(row * d_vocab + line[row]);
        for (int64_t head = 0; head < n_heads; ++head) {
          const float* const scores =
              &exp_scores_[static_cast<size_t>(((query[r] - first_row_ * d_vocab) * n_heads + head) * pairs_)];
          float* const own = weight + head * keys * rows + r;
          float sum = 0;
          for (int64_t key = 0; key < keys; ++key) sum += own[key * rows] = scores[key * d_vocab + line[key]];
          // Where every key lies far below the largest, too little is left to divide by: no number, and not settled.
          const float scale = sum > kLeastSum ? 1 / sum : std::numeric_limits<float>::quiet_NaN();
          for (int64_t key = 0; key < keys; ++key) own[key * rows] *= scale;
        }
      }
      for (int64_t head = 0; head < n_heads; ++head) {
        for (int64_t key = 0; key < keys; ++key) {
          *term++ = static_cast<uint32_t>((1 + head) * pairs_ + key * d_vocab + line[key]);
        }
      }
      query += rows;
      weight += n_heads * keys * rows;
    }
  }
}

void FirstAttention::SumResiduals(const Sums& sums, float* kept, float* square) const {
  const auto stride = static_cast<size_t>(table_rows_ * kSumBlock), to_stride = static_cast<size_t>(width());
  std::fill_n(square, sums.rows, 0.0F);
  for (size_t b = 0; b < static_cast<size_t>(blocks_); ++b) {
    size_t row = 0;
    for (const RowGroup& group : sums.groups) {
      const KeptSums to = {kept == nullptr ? nullptr : kept + row * to_stride + b * kSumBlock, to_stride};
      AddSquares(&residual_[b * stride], group, to, square + row);
      row += static_cast<size_t>(group.rows);
    }
  }
}

}  // namespace sumscope::engine
