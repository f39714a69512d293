#include "server/engine/model/answer_tables.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace sumscope::engine {
namespace {

constexpr size_t kChunk = 64;  // questions at a time: their terms fit into the cache beside a block
constexpr double kProductFlops = 2e9;
constexpr size_t kTileChunk = 32;  // the same where `hidden` lies there as well

// [rows, columns] as [rows][width], zeros behind.
std::vector<float> Padded(const torch::Tensor& table, int64_t rows, int64_t width) {
  torch::Tensor padded = torch::zeros({rows, width}, torch::kFloat32);
  padded.slice(0, 0, table.size(0)).slice(1, 0, table.size(1)).copy_(table);
  const float* const begin = padded.data_ptr<float>();
  return std::vector<float>(begin, begin + padded.numel());
}

// a b, with a look at least every kProductFlops.
torch::Tensor Product(const torch::Tensor& a, const torch::Tensor& b, const std::function<void()>& look) {
  const double flops_per_row = 2.0 * static_cast<double>(a.size(1)) * static_cast<double>(b.size(1));
  const auto rows = std::max<int64_t>(16, static_cast<int64_t>(kProductFlops / flops_per_row));
  torch::Tensor product = torch::empty({a.size(0), b.size(1)}, a.options());
  for (int64_t first = 0; first < a.size(0); first += rows) {
    const int64_t end = std::min(first + rows, a.size(0));
    torch::Tensor part = product.slice(0, first, end);
    at::mm_out(part, a.slice(0, first, end), b);
    if (look) look();
  }
  return product;
}

// At least |matrix|_2, and within a few hundredths of it where few singular values are that large:
// |M|_2 <= |M^8|_F^(1/8) of the Gram matrix, scaled so that no power overflows.
double NormBound(const torch::Tensor& matrix, const std::function<void()>& look) {
  torch::Tensor gram = Product(matrix.t(), matrix, look);
  const double size = gram.norm().item<double>();
  if (!(size > 0)) return size;
  gram = gram / size;
  for (int i = 0; i < 3; ++i) gram = Product(gram, gram, look);
  return std::sqrt(size * std::pow(gram.norm().item<double>(), 1.0 / 8));
}

}  // namespace

// What is summed up of some questions.
struct AnswerTables::Chunk {
  FirstAttention::Sums sums;
  std::vector<float> scale;          // 1 / s2
  std::vector<float> square;         // |S|^2
  std::vector<float> hidden_square;  // |hidden|^2
  std::vector<float> raw;            // [rows][kMaxVocab]
  // Where they are kept: S [rows, d_model padded], and hidden [rows, d_mlp padded] in float32 or in tiles.
  bool keep = false;
  torch::Tensor residual, hidden, high, low;
};

// Calls work(first question, questions, chunk) of each chunk of `size` of `count` questions.
template <typename Work>
void AnswerTables::ForChunks(size_t count, size_t size, const Work& work) {
  const auto chunks = static_cast<int64_t>((count + size - 1) / size);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    Chunk chunk;
    for (int64_t c = begin; c < end; ++c) {
      const size_t first = static_cast<size_t>(c) * size;
      work(first, std::min(size, count - first), &chunk);
    }
  });
}

bool AnswerTables::Fits(const ModelConfig& config, uint64_t max_bytes) {
  if (config.n_layers != 1 || config.d_vocab > kMaxVocab) return false;
  const auto rows = static_cast<uint64_t>((1 + config.n_heads) * (config.n_ctx - 1) * config.d_vocab);
  const auto d_model = static_cast<uint64_t>(FirstAttention::BlocksOf(config.d_model) * kSumBlock);
  const auto d_mlp = static_cast<uint64_t>(FirstAttention::BlocksOf(config.d_mlp) * kSumBlock);
  const auto scores = static_cast<uint64_t>((config.n_ctx - 1) * config.d_vocab) * rows;
  const uint64_t floats = rows * (d_model + d_mlp + kMaxVocab) + scores + d_mlp * (d_model + kMaxVocab);
  return floats * sizeof(float) <= max_bytes;
}

bool AnswerTables::Pays(const ModelConfig& config, const Encoding& encoding, uint64_t questions) {
  constexpr double kFloat64 = 2;    // as long as float32
  constexpr double kSpared = 0.75;  // of the forward pass, or more
  const auto d_model = static_cast<double>(config.d_model), d_mlp = static_cast<double>(config.d_mlp);
  const auto pairs = static_cast<double>((config.n_ctx - 1) * config.d_vocab);
  const auto width = static_cast<double>(config.n_heads * config.d_head);
  const double rows = static_cast<double>(1 + config.n_heads) * pairs;
  const double tables = 2 * rows * d_model * d_mlp + 8 * pairs * d_model * width;
  const double norm = 2 * d_mlp * d_model * d_model + 6 * d_model * d_model * d_model;
  const double row = 2 * width * (d_model + pairs) + 4 * d_model * d_mlp;
  return kSpared * row * encoding.n_answer() * static_cast<double>(questions) > kFloat64 * (tables + norm);
}

AnswerTables::AnswerTables(const ModelConfig& config, const ModelWeights& weights, const Encoding& encoding,
                           const std::function<void()>& look, bool by_tiles)
    : config_(config),
      first_row_(encoding.first_answer_row()),
      attention_(config, weights, first_row_, &rows_, look),
      hidden_blocks_(FirstAttention::BlocksOf(config.d_mlp)),
      by_tiles_(by_tiles) {
  const torch::NoGradGuard no_grad;
  const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); };
  const BlockWeights& block = weights.blocks.front();
  const torch::Tensor rows = std::move(rows_);
  const torch::Tensor U = wide(weights.ln_final_w).unsqueeze(1) * wide(weights.W_U);
  const torch::Tensor out = Centred(wide(block.W_out)), out_bias = Centred(wide(block.b_out));
  const torch::Tensor in = wide(block.ln2_w).unsqueeze(1) * wide(block.W_in);
  hidden_ = InBlocks(rows.size(0), config.d_mlp, [&](int64_t first, int64_t count) {
    return Product(rows, in.slice(1, first, first + count), look);
  });
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
  // As wide as S is kept, so that both are added up row by row.
  torch::Tensor padded = torch::zeros({hidden_blocks_ * kSumBlock, attention_.width()}, torch::kFloat32);
  padded.slice(0, 0, config.d_mlp).slice(1, 0, config.d_model).copy_(out);
  if (by_tiles_) {
    out_high_ = tiles::TileMatrix(padded);
    out_low_ = tiles::TileMatrix(padded - padded.to(torch::kBFloat16).to(torch::kFloat32));
  } else {
    out_ = padded;
  }
  out_bias_ = Padded(out_bias.unsqueeze(0), 1, attention_.width());
  out_norm_ = static_cast<float>(NormBound(out, look));
  out_bias_norm_ = out_bias.norm().item<float>();
}

void AnswerTables::SumHidden(Chunk* chunk) const {
  const auto stride = static_cast<size_t>(attention_.table_rows() * kSumBlock);
  const auto width = static_cast<size_t>(hidden_blocks_ * kSumBlock);
  float* const kept = chunk->keep && !by_tiles_ ? chunk->hidden.data_ptr<float>() : nullptr;
  KeptTiles in_tiles;
  if (chunk->keep && by_tiles_) {
    in_tiles = {tiles::TilesOf(chunk->high), tiles::TilesOf(chunk->low), 0, 0, hidden_blocks_ * kSumBlock};
  }
  chunk->hidden_square.assign(chunk->sums.rows, 0);
  for (size_t b = 0; b < static_cast<size_t>(hidden_blocks_); ++b) {
    size_t row = 0;
    in_tiles.column = static_cast<int64_t>(b) * kSumBlock;
    for (const RowGroup& group : chunk->sums.groups) {
      const KeptSums to = {kept == nullptr ? nullptr : kept + row * width + b * kSumBlock, width};
      in_tiles.row = static_cast<int64_t>(row);
      float* const raw = &chunk->raw[row * kMaxVocab];
      if (b == 0) AddLogits(logits_.data(), group, raw);
      AddHidden(&hidden_[b * stride], group, &chunk->scale[row], &hidden_bias_[b * kSumBlock],
                &hidden_logits_[b * kSumBlock * kMaxVocab], to, in_tiles, raw, &chunk->hidden_square[row]);
      row += static_cast<size_t>(group.rows);
    }
  }
}

void AnswerTables::Sum(const int64_t* tokens, size_t count, Rows of, bool keep, Chunk* chunk) const {
  attention_.MakeSums(tokens, count, {first_row_ + of.first, of.count}, &chunk->sums);
  const size_t rows = chunk->sums.rows;
  const auto kept_rows = tiles::RoundedUp(static_cast<int64_t>(rows), tiles::kBlock);
  chunk->keep = keep;
  if (keep && (!chunk->residual.defined() || chunk->residual.size(0) != kept_rows)) {
    chunk->residual = torch::zeros({kept_rows, attention_.width()}, torch::kFloat32);
    if (by_tiles_) {
      chunk->high = tiles::ZeroTiles(kept_rows, hidden_blocks_ * kSumBlock);
      chunk->low = torch::zeros_like(chunk->high);
    } else {
      chunk->hidden = torch::zeros({kept_rows, hidden_blocks_ * kSumBlock}, torch::kFloat32);
    }
  }
  chunk->square.resize(rows);
  attention_.SumResiduals(chunk->sums, keep ? chunk->residual.data_ptr<float>() : nullptr, chunk->square.data());
  chunk->scale.resize(rows);
  chunk->raw.resize(rows * kMaxVocab);
  for (size_t r = 0; r < rows; ++r) {
    const float mean = chunk->square[r] / static_cast<float>(config_.d_model);
    chunk->scale[r] = 1 / std::sqrt(mean + static_cast<float>(kLayerNormEpsilon));
    std::copy(std::begin(raw_bias_), std::end(raw_bias_), &chunk->raw[r * kMaxVocab]);
  }
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

// square [rows padded] = |S + hidden C W_out + C b_out|^2.
void AnswerTables::SquareOutputs(const Chunk& chunk, float* square) const {
  const int64_t rows = chunk.residual.size(0), width = attention_.width();
  const float* const residual = chunk.residual.data_ptr<float>();
  std::fill_n(square, rows, 0.0F);
  if (!by_tiles_) {
    const torch::Tensor written = torch::mm(chunk.hidden, out_);
    AddSumSquares(residual, width, written.data_ptr<float>(), width, out_bias_.data(), rows, width, square);
    return;
  }
  // hidden = high + low and W_out as well: what low times low would add lies below float32's own rounding.
  const tiles::Bfloat16* const high = tiles::TilesOf(chunk.high);
  const tiles::TileTerm terms[] = {{high, &out_high_}, {high, &out_low_}, {tiles::TilesOf(chunk.low), &out_high_}};
  const tiles::TileUnit unit;
  alignas(64) float sums[tiles::kBlock * tiles::kBlock];
  for (int64_t column = 0; column < width; column += tiles::kBlock) {
    for (int64_t row = 0; row < rows; row += tiles::kBlock) {
      unit.Multiply(terms, std::size(terms), row / tiles::kBlock, column / tiles::kBlock, sums);
      AddSumSquares(residual + row * width + column, width, sums, tiles::kBlock, out_bias_.data() + column,
                    tiles::kBlock, tiles::kBlock, square + row);
    }
  }
}

void AnswerTables::ReadLogits(const Chunk& chunk, float* logits) const {
  const auto d_vocab = static_cast<size_t>(config_.d_vocab);
  std::vector<float> square(static_cast<size_t>(chunk.residual.size(0)));
  SquareOutputs(chunk, square.data());
  for (size_t r = 0; r < chunk.sums.rows; ++r, logits += d_vocab) {
    const double mean = static_cast<double>(square[r]) / static_cast<double>(config_.d_model);
    const double scale = 1 / std::sqrt(mean + kLayerNormEpsilon);
    for (size_t t = 0; t < d_vocab; ++t) {
      logits[t] = static_cast<float>(chunk.raw[r * kMaxVocab + t] * scale + logit_bias_[t]);
    }
  }
}

void AnswerTables::Answer(const int64_t* tokens, size_t count, Rows rows, float margin, int64_t* answers,
                          bool* settled) const {
  const auto row_count = static_cast<size_t>(rows.count);
  ForChunks(count, kChunk, [&](size_t first, size_t here, Chunk* chunk) {
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
  ForChunks(count, by_tiles_ ? kTileChunk : kChunk, [&](size_t first, size_t here, Chunk* chunk) {
    const torch::NoGradGuard no_grad;
    Sum(tokens + first * static_cast<size_t>(config_.n_ctx), here, rows, /*keep=*/true, chunk);
    ReadLogits(*chunk, logits + first * values);
  });
}

}  // namespace sumscope::engine
