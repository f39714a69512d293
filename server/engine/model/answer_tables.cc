#include "server/engine/model/answer_tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/engine/model/block_math.h"

namespace sumscope::engine {
namespace {

constexpr float kLeastSum = 1e-20F;
constexpr size_t kChunk = 64;  // questions at a time: their terms fit into the cache beside a block

int64_t BlocksOf(int64_t columns) { return (columns + kSumBlock - 1) / kSumBlock; }

// [rows, columns] as blocks of columns [blocks][rows][kSumBlock], zeros behind the last. Some blocks are asked of
// `columns_of` (first, count) at a time, so that a product in float64 is never whole.
template <typename ColumnsOf>
std::vector<float> InBlocks(int64_t rows, int64_t columns, const ColumnsOf& columns_of) {
  constexpr int64_t kColumns = 16 * kSumBlock;
  std::vector<float> blocks(static_cast<size_t>(BlocksOf(columns) * rows * kSumBlock), 0.0F);
  for (int64_t first = 0; first < columns; first += kColumns) {
    const int64_t here = std::min(kColumns, columns - first);
    const torch::Tensor part = columns_of(first, here).to(torch::kFloat32).contiguous();
    const float* value = part.data_ptr<float>();
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = first; column < first + here; ++column, ++value) {
        blocks[static_cast<size_t>((column / kSumBlock * rows + row) * kSumBlock + column % kSumBlock)] = *value;
      }
    }
  }
  return blocks;
}

// [rows, columns] as [rows][width], zeros behind.
std::vector<float> Padded(const torch::Tensor& table, int64_t rows, int64_t width) {
  torch::Tensor padded = torch::zeros({rows, width}, torch::kFloat32);
  padded.slice(0, 0, table.size(0)).slice(1, 0, table.size(1)).copy_(table);
  const float* const begin = padded.data_ptr<float>();
  return std::vector<float>(begin, begin + padded.numel());
}

torch::Tensor Centred(const torch::Tensor& x) { return x - x.mean(-1, /*keepdim=*/true); }

// At least |matrix|_2, and within a few hundredths of it where few singular values are that large:
// |M|_2 <= |M^8|_F^(1/8) of the Gram matrix, scaled so that no power overflows.
double NormBound(const torch::Tensor& matrix) {
  torch::Tensor gram = torch::mm(matrix.t(), matrix);
  const double size = gram.norm().item<double>();
  if (!(size > 0)) return size;
  gram = gram / size;
  for (int i = 0; i < 3; ++i) gram = torch::mm(gram, gram);
  return std::sqrt(size * std::pow(gram.norm().item<double>(), 1.0 / 8));
}

}  // namespace

// What is summed up of some questions; rows are those of question 0, of question 1, ..
struct AnswerTables::Chunk {
  size_t rows = 0;
  std::vector<RowGroup> groups;
  std::vector<uint32_t> query;  // [rows]
  std::vector<uint32_t> term;
  std::vector<float> weight;
  std::vector<float> scale;          // 1 / s2
  std::vector<float> square;         // |S|^2
  std::vector<float> hidden_square;  // |hidden|^2
  std::vector<float> raw;            // [rows][kMaxVocab]
  // Where they are kept: S [rows, d_model padded], hidden [rows, d_mlp padded], hidden C W_out.
  bool keep = false;
  torch::Tensor residual, hidden, written;
};

// Calls work(first question, questions, chunk) of each chunk of `count` questions.
template <typename Work>
void AnswerTables::ForChunks(size_t count, const Work& work) {
  const auto chunks = static_cast<int64_t>((count + kChunk - 1) / kChunk);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    Chunk chunk;
    for (int64_t c = begin; c < end; ++c) {
      const size_t first = static_cast<size_t>(c) * kChunk;
      work(first, std::min(kChunk, count - first), &chunk);
    }
  });
}

bool AnswerTables::Fits(const ModelConfig& config, uint64_t max_bytes) {
  if (config.n_layers != 1 || config.d_vocab > kMaxVocab) return false;
  const auto rows = static_cast<uint64_t>((1 + config.n_heads) * (config.n_ctx - 1) * config.d_vocab);
  const auto d_model = static_cast<uint64_t>(BlocksOf(config.d_model) * kSumBlock);
  const auto d_mlp = static_cast<uint64_t>(BlocksOf(config.d_mlp) * kSumBlock);
  const auto scores = static_cast<uint64_t>((config.n_ctx - 1) * config.d_vocab) * rows;
  const uint64_t floats = rows * (d_model + d_mlp + kMaxVocab) + scores + d_mlp * (d_model + kMaxVocab);
  return floats * sizeof(float) <= max_bytes;
}

AnswerTables::AnswerTables(const ModelConfig& config, const ModelWeights& weights, const Encoding& encoding)
    : config_(config),
      encoding_(encoding),
      pairs_((config.n_ctx - 1) * config.d_vocab),
      residual_blocks_(BlocksOf(config.d_model)),
      hidden_blocks_(BlocksOf(config.d_mlp)) {
  const torch::NoGradGuard no_grad;
  const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); };
  const BlockWeights& block = weights.blocks.front();
  const int64_t positions = config.n_ctx - 1;
  const torch::Tensor embedding =
      (wide(weights.W_pos).slice(0, 0, positions).unsqueeze(1) + wide(weights.W_E).unsqueeze(0))
          .reshape({pairs_, config.d_model});
  const torch::Tensor normalized = Normalize(embedding, wide(block.ln1_w), wide(block.ln1_b)).unsqueeze(0);
  const torch::Tensor q = ProjectHeads(normalized, wide(block.W_Q), wide(block.b_Q)).squeeze(0);
  const torch::Tensor k = ProjectHeads(normalized, wide(block.W_K), wide(block.b_K)).squeeze(0);
  const torch::Tensor v = ProjectHeads(normalized, wide(block.W_V), wide(block.b_V)).squeeze(0);
  const torch::Tensor written = torch::bmm(v, wide(block.W_O)).reshape({-1, config.d_model});
  const torch::Tensor rows = Centred(torch::cat({embedding + wide(block.b_O), written}));

  const torch::Tensor U = wide(weights.ln_final_w).unsqueeze(1) * wide(weights.W_U);
  const torch::Tensor out = Centred(wide(block.W_out)), out_bias = Centred(wide(block.b_out));
  residual_ = InBlocks(rows.size(0), config.d_model,
                       [&](int64_t first, int64_t count) { return rows.slice(1, first, first + count); });
  const torch::Tensor in = wide(block.ln2_w).unsqueeze(1) * wide(block.W_in);
  hidden_ = InBlocks(rows.size(0), config.d_mlp,
                     [&](int64_t first, int64_t count) { return torch::mm(rows, in.slice(1, first, first + count)); });
  logits_ = Padded(torch::mm(rows, U), rows.size(0), kMaxVocab);
  hidden_bias_ = Padded((torch::matmul(wide(block.ln2_b), wide(block.W_in)) + wide(block.b_in)).unsqueeze(0), 1,
                        hidden_blocks_ * kSumBlock);
  hidden_logits_ = Padded(torch::mm(out, U), hidden_blocks_ * kSumBlock, kMaxVocab);

  const torch::Tensor raw_bias = torch::matmul(out_bias, U);
  const torch::Tensor logit_bias = torch::matmul(wide(weights.ln_final_b), wide(weights.W_U)) + wide(weights.b_U);
  const torch::Tensor column_norm = (U - U.mean(0, /*keepdim=*/true)).norm(2, 0);
  for (int64_t t = 0; t < config.d_vocab; ++t) {
    raw_bias_[t] = raw_bias[t].item<float>();
    logit_bias_[t] = logit_bias[t].item<float>();
    column_norm_[t] = column_norm[t].item<float>();
  }
  out_ = torch::zeros({hidden_blocks_ * kSumBlock, config.d_model}, torch::kFloat32);
  out_.slice(0, 0, config.d_mlp).copy_(out);
  out_bias_ = Padded(out_bias.unsqueeze(0), 1, config.d_model);
  out_norm_ = static_cast<float>(NormBound(out));
  out_bias_norm_ = out_bias.norm().item<float>();

  // exp(score - the largest that the query could meet): a row's pattern is what its keys have of these, over their sum.
  const int64_t first = encoding.first_answer_row();
  const torch::Tensor scores = (torch::bmm(q.slice(1, first * config.d_vocab), k.transpose(1, 2)) /
                                std::sqrt(static_cast<double>(config.d_head)))
                                   .transpose(0, 1)
                                   .contiguous();  // [query pairs, n_heads, pairs]
  const torch::Tensor position = torch::arange(pairs_).div(config.d_vocab, "floor");
  const torch::Tensor later = position.unsqueeze(0) > position.slice(0, first * config.d_vocab).unsqueeze(1);
  const torch::Tensor seen = scores.masked_fill(later.unsqueeze(1), -std::numeric_limits<double>::infinity());
  const torch::Tensor weight = (seen - seen.amax(-1, /*keepdim=*/true)).exp().to(torch::kFloat32).contiguous();
  exp_scores_.assign(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
}

void AnswerTables::MakeGroups(const int64_t* tokens, size_t count, Rows of, Chunk* chunk) const {
  const int64_t first = encoding_.first_answer_row(), d_vocab = config_.d_vocab, n_heads = config_.n_heads;
  const int parts = (of.count + kSumGroup - 1) / kSumGroup;
  chunk->rows = count * static_cast<size_t>(of.count);
  chunk->query.resize(chunk->rows);
  // A group's keys are those of its last row; they lie beyond the earlier rows where their weight is 0.
  const auto most = static_cast<size_t>(n_heads * (config_.n_ctx - 1));
  chunk->term.resize(count * static_cast<size_t>(parts) * most);
  chunk->weight.resize(chunk->rows * most);
  chunk->groups.clear();
  uint32_t* query = chunk->query.data();
  uint32_t* term = chunk->term.data();
  float* weight = chunk->weight.data();
  for (size_t question = 0; question < count; ++question) {
    const int64_t* const line = tokens + question * static_cast<size_t>(config_.n_ctx);
    for (int part = 0; part < parts; ++part) {
      const int begin = of.first + of.count * part / parts;
      const int rows = of.first + of.count * (part + 1) / parts - begin;
      const int64_t keys = first + begin + rows;
      chunk->groups.push_back({rows, static_cast<size_t>(n_heads * keys), query, term, weight});
      for (int r = 0; r < rows; ++r) {
        const int64_t row = first + begin + r;
        query[r] = static_cast<uint32_t>(row * d_vocab + line[row]);
        for (int64_t head = 0; head < n_heads; ++head) {
          const float* const scores =
              &exp_scores_[static_cast<size_t>(((query[r] - first * d_vocab) * n_heads + head) * pairs_)];
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

void AnswerTables::SumResiduals(Chunk* chunk) const {
  const auto stride = static_cast<size_t>((1 + config_.n_heads) * pairs_ * kSumBlock);
  const auto width = static_cast<size_t>(residual_blocks_ * kSumBlock);
  float* const kept = chunk->keep ? chunk->residual.data_ptr<float>() : nullptr;
  chunk->square.assign(chunk->rows, 0);
  for (size_t b = 0; b < static_cast<size_t>(residual_blocks_); ++b) {
    size_t row = 0;
    for (const RowGroup& group : chunk->groups) {
      const KeptSums to = {kept == nullptr ? nullptr : kept + row * width + b * kSumBlock, width};
      AddSquares(&residual_[b * stride], group, to, &chunk->square[row]);
      row += static_cast<size_t>(group.rows);
    }
  }
  chunk->scale.resize(chunk->rows);
  chunk->raw.resize(chunk->rows * kMaxVocab);
  for (size_t r = 0; r < chunk->rows; ++r) {
    const float mean = chunk->square[r] / static_cast<float>(config_.d_model);
    chunk->scale[r] = 1 / std::sqrt(mean + static_cast<float>(kLayerNormEpsilon));
    std::copy(std::begin(raw_bias_), std::end(raw_bias_), &chunk->raw[r * kMaxVocab]);
  }
}

void AnswerTables::SumHidden(Chunk* chunk) const {
  const auto stride = static_cast<size_t>((1 + config_.n_heads) * pairs_ * kSumBlock);
  const auto width = static_cast<size_t>(hidden_blocks_ * kSumBlock);
  float* const kept = chunk->keep ? chunk->hidden.data_ptr<float>() : nullptr;
  chunk->hidden_square.assign(chunk->rows, 0);
  for (size_t b = 0; b < static_cast<size_t>(hidden_blocks_); ++b) {
    size_t row = 0;
    for (const RowGroup& group : chunk->groups) {
      const KeptSums to = {kept == nullptr ? nullptr : kept + row * width + b * kSumBlock, width};
      float* const raw = &chunk->raw[row * kMaxVocab];
      if (b == 0) AddLogits(logits_.data(), group, raw);
      AddHidden(&hidden_[b * stride], group, &chunk->scale[row], &hidden_bias_[b * kSumBlock],
                &hidden_logits_[b * kSumBlock * kMaxVocab], to, raw, &chunk->hidden_square[row]);
      row += static_cast<size_t>(group.rows);
    }
  }
}

void AnswerTables::Sum(const int64_t* tokens, size_t count, Rows of, bool keep, Chunk* chunk) const {
  chunk->keep = keep;
  const auto rows = static_cast<int64_t>(count) * of.count;
  if (keep && (!chunk->residual.defined() || chunk->residual.size(0) != rows)) {
    chunk->residual = torch::empty({rows, residual_blocks_ * kSumBlock}, torch::kFloat32);
    chunk->hidden = torch::empty({rows, hidden_blocks_ * kSumBlock}, torch::kFloat32);
    chunk->written = torch::empty({rows, config_.d_model}, torch::kFloat32);
  }
  MakeGroups(tokens, count, of, chunk);
  SumResiduals(chunk);
  SumHidden(chunk);
}

bool AnswerTables::Settle(const Chunk& chunk, size_t row, float margin, int64_t* answer) const {
  const auto d_model = static_cast<float>(config_.d_model), epsilon = static_cast<float>(kLayerNormEpsilon);
  const float* const raw = &chunk.raw[row * kMaxVocab];
  const float most = std::sqrt(chunk.square[row]) + std::sqrt(chunk.hidden_square[row]) * out_norm_ + out_bias_norm_;
  float least = 0;
  for (int64_t t = 0; t < config_.d_vocab; ++t) {
    if (column_norm_[t] > 0) least = std::max(least, std::abs(raw[t]) / column_norm_[t]);
  }
  // A little wider than what the sums' own rounding can change.
  const float high = 1.001F * std::sqrt(most * most / d_model + epsilon);
  const float low = 0.999F * std::sqrt(least * least / d_model + epsilon);
  const float middle = std::sqrt(low * high);
  int64_t best = 0;
  for (int64_t t = 1; t < config_.d_vocab; ++t) {
    if (raw[t] / middle + logit_bias_[t] > raw[best] / middle + logit_bias_[best]) best = t;
  }
  *answer = best;
  for (int64_t t = 0; t < config_.d_vocab; ++t) {
    const float ahead = raw[best] - raw[t], bias = logit_bias_[best] - logit_bias_[t];
    if (t != best && !(std::min(ahead / low, ahead / high) + bias > margin)) return false;  // NaN too
  }
  return true;
}

void AnswerTables::ReadLogits(Chunk* chunk, float* logits) const {
  at::mm_out(chunk->written, chunk->hidden, out_);
  const auto d_model = static_cast<size_t>(config_.d_model), d_vocab = static_cast<size_t>(config_.d_vocab);
  const auto width = static_cast<size_t>(residual_blocks_ * kSumBlock);
  for (size_t r = 0; r < chunk->rows; ++r, logits += d_vocab) {
    const float* const residual = chunk->residual.data_ptr<float>() + r * width;
    const float* const written = chunk->written.data_ptr<float>() + r * d_model;
    double square = 0;
    for (size_t i = 0; i < d_model; ++i) {
      const double sum = static_cast<double>(residual[i]) + written[i] + out_bias_[i];
      square += sum * sum;
    }
    const double scale = 1 / std::sqrt(square / static_cast<double>(d_model) + kLayerNormEpsilon);
    for (size_t t = 0; t < d_vocab; ++t) {
      logits[t] = static_cast<float>(chunk->raw[r * kMaxVocab + t] * scale + logit_bias_[t]);
    }
  }
}

void AnswerTables::Answer(const int64_t* tokens, size_t count, Rows rows, float margin, int64_t* answers,
                          bool* settled) const {
  const auto row_count = static_cast<size_t>(rows.count);
  ForChunks(count, [&](size_t first, size_t here, Chunk* chunk) {
    Sum(tokens + first * static_cast<size_t>(config_.n_ctx), here, rows, /*keep=*/false, chunk);
    for (size_t question = 0; question < here; ++question) {
      bool all = true;
      for (size_t row = question * row_count; row < (question + 1) * row_count; ++row) {
        all &= Settle(*chunk, row, margin, &answers[first * row_count + row]);
      }
      settled[first + question] = all;
    }
  });
}

void AnswerTables::Logits(const int64_t* tokens, size_t count, Rows rows, float* logits) const {
  const auto values = static_cast<size_t>(rows.count * config_.d_vocab);
  ForChunks(count, [&](size_t first, size_t here, Chunk* chunk) {
    const torch::NoGradGuard no_grad;
    Sum(tokens + first * static_cast<size_t>(config_.n_ctx), here, rows, /*keep=*/true, chunk);
    ReadLogits(chunk, logits + first * values);
  });
}

}  // namespace sumscope::engine
