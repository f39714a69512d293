#include "server/engine/model/screening/screen_forward.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/engine/model/screening/screen_rows.h"

namespace sumscope::engine::screening {
namespace {

using tiles::Bfloat16;
using tiles::kBlock;
using tiles::kTileDepth;
using tiles::kTileRows;
using tiles::RoundedUp;
using tiles::TileMatrix;
using tiles::TilesOf;
using tiles::ZeroTiles;

constexpr int64_t kQuestions = 32;  // at a time: each reads all weights once
constexpr int64_t kMlpRows = 288;   // at a time: their hidden numbers fit into the second cache
constexpr int64_t kMostPositions = 256, kMostHead = 1024, kMostVocab = 16;

torch::Tensor Wide(const torch::Tensor& tensor) { return tensor.to(torch::kFloat64); }

std::vector<float> PaddedRow(const torch::Tensor& row, int64_t width) {
  torch::Tensor padded = torch::zeros({width}, torch::kFloat32);
  padded.slice(0, 0, row.numel()).copy_(row.reshape({-1}));
  return std::vector<float>(padded.data_ptr<float>(), padded.data_ptr<float>() + width);
}

// matrix [rows, width] with zeros below and to the right.
torch::Tensor PaddedTo(const torch::Tensor& matrix, int64_t rows, int64_t width) {
  torch::Tensor padded = torch::zeros({rows, width}, torch::kFloat64);
  padded.slice(0, 0, matrix.size(0)).slice(1, 0, matrix.size(1)).copy_(matrix);
  return padded;
}

// take(first row, first column, sums) of each block of 32 x 32 of the product.
template <class Take>
void Multiply(const torch::Tensor& tiles, const TileMatrix& matrix, int64_t rows, const Take& take) {
  const tiles::TileUnit unit;
  const tiles::TileTerm term = {TilesOf(tiles), &matrix};
  alignas(64) float sums[kBlock * kBlock];
  for (int64_t column = 0; column < matrix.width(); column += kBlock) {
    for (int64_t row = 0; row < rows; row += kBlock) {
      unit.Multiply(&term, 1, row / kBlock, column / kBlock, sums);
      take(row, column, sums);
    }
  }
}

void MultiplyTo(const torch::Tensor& tiles, const TileMatrix& matrix, int64_t rows, float* to) {
  Multiply(tiles, matrix, rows, [&](int64_t row, int64_t column, const float* sums) {
    StoreBlock(sums, to + row * matrix.width() + column, matrix.width());
  });
}

void MultiplyAdd(const torch::Tensor& tiles, const TileMatrix& matrix, int64_t rows, float* to) {
  Multiply(tiles, matrix, rows, [&](int64_t row, int64_t column, const float* sums) {
    AddBlock(sums, to + row * matrix.width() + column, matrix.width());
  });
}

}  // namespace

// Of so many questions, rows padded to whole blocks. What stands in the rows behind the last is of no consequence.
struct ScreenForward::Buffers {
  Buffers(const ScreenForward& of, int64_t questions) {
    const auto floats = [](int64_t rows, int64_t width) {
      return torch::empty({RoundedUp(rows, kBlock), width}, torch::kFloat32);
    };
    const int64_t d_model = of.first_attention_.width(), rows = questions * of.positions_;
    const int64_t last_rows = questions * (of.positions_ - of.first_row_);
    residual = floats(rows, d_model);
    last = floats(last_rows, d_model);
    squares.resize(static_cast<size_t>(rows));
    normalized = ZeroTiles(rows, d_model);
    hidden = ZeroTiles(kMlpRows, of.layers_.front().in.width());
    if (of.config_.n_layers == 1) return;
    kv = floats(rows, of.layers_.back().kv.width());
    const int64_t query_rows = of.config_.n_layers > 2 ? rows : last_rows;
    q = floats(query_rows, of.layers_.back().q.width());
    z = ZeroTiles(query_rows, of.depth_);
  }

  FirstAttention::Sums sums;
  std::vector<float> squares;
  torch::Tensor residual, last, kv, q;  // float32
  torch::Tensor normalized, hidden, z;  // tiles
};

bool ScreenForward::Fits(const ModelConfig& config) {
  return config.d_vocab <= kMostVocab && config.n_ctx - 1 <= kMostPositions && config.d_head <= kMostHead;
}

ScreenForward::ScreenForward(const ModelConfig& config, const ModelWeights& weights, const Encoding& encoding)
    : config_(config),
      first_row_(encoding.first_answer_row()),
      positions_(config.n_ctx - 1),
      first_attention_(config, weights, config.n_layers == 1 ? first_row_ : 0, nullptr),
      d_head_(RoundedUp(config.d_head, kTileRows)),
      width_(config.n_heads * d_head_),
      depth_(RoundedUp(width_, kTileDepth)) {
  const torch::NoGradGuard no_grad;
  for (const BlockWeights& block : weights.blocks) layers_.push_back(MakeLayer(block, !layers_.empty()));
  const torch::Tensor ln_w = Wide(weights.ln_final_w), ln_b = Wide(weights.ln_final_b), W_U = Wide(weights.W_U);
  const torch::Tensor U = PaddedTo(ln_w.unsqueeze(1) * W_U, first_attention_.width(), kMostVocab);
  unembedding_ = PaddedRow(U, U.numel());
  logit_bias_ = PaddedRow(torch::matmul(ln_b, W_U) + Wide(weights.b_U), kMostVocab);
}

// [n_heads, rows, d_head] as [rows, width_], each head's columns padded.
torch::Tensor ScreenForward::ByHeads(const torch::Tensor& heads) const {
  torch::Tensor padded = torch::zeros({heads.size(1), heads.size(0), d_head_}, torch::kFloat64);
  padded.slice(2, 0, config_.d_head).copy_(heads.transpose(0, 1));
  return padded.view({heads.size(1), width_});
}

ScreenForward::Layer ScreenForward::MakeLayer(const BlockWeights& block, bool attends) const {
  const int64_t d_model = first_attention_.width();
  const auto scaled = [](const torch::Tensor& w, const torch::Tensor& matrix) {
    return Wide(w).unsqueeze(-1) * matrix;
  };
  Layer layer;
  const torch::Tensor W_in = Wide(block.W_in), W_out = Centred(Wide(block.W_out));
  const int64_t d_mlp = RoundedUp(config_.d_mlp, kTileDepth);
  layer.in = TileMatrix(PaddedTo(scaled(block.ln2_w, W_in), d_model, d_mlp));
  layer.in_bias = PaddedRow(torch::matmul(Wide(block.ln2_b), W_in) + Wide(block.b_in), d_mlp);
  layer.out = TileMatrix(PaddedTo(W_out, d_mlp, d_model));
  layer.out_bias = PaddedRow(Centred(Wide(block.b_out)), d_model);
  if (!attends) return layer;

  const double scale = 1 / std::sqrt(static_cast<double>(config_.d_head));
  const torch::Tensor W_Q = Wide(block.W_Q) * scale, W_K = Wide(block.W_K), W_V = Wide(block.W_V);
  const torch::Tensor W_O = Centred(Wide(block.W_O)), ln1_b = Wide(block.ln1_b);
  const torch::Tensor q_bias = torch::matmul(ln1_b, W_Q) + Wide(block.b_Q) * scale;  // [n_heads, d_head]
  const torch::Tensor v_bias = torch::matmul(ln1_b, W_V) + Wide(block.b_V);
  layer.q = TileMatrix(PaddedTo(ByHeads(scaled(block.ln1_w, W_Q)), d_model, width_));
  layer.kv = TileMatrix(PaddedTo(torch::cat({ByHeads(scaled(block.ln1_w, W_K)), ByHeads(scaled(block.ln1_w, W_V))}, 1),
                                 d_model, 2 * width_));
  layer.q_bias = PaddedRow(ByHeads(q_bias.unsqueeze(1)), width_);
  // [n_heads, d_head, d_model] as [depth_, d_model].
  const torch::Tensor by_heads = ByHeads(W_O.permute({0, 2, 1})).t();
  layer.o = TileMatrix(PaddedTo(by_heads, depth_, d_model));
  const torch::Tensor written = torch::bmm(v_bias.unsqueeze(1), W_O).sum(0).reshape({-1});
  layer.o_bias = PaddedRow(written + Centred(Wide(block.b_O)), d_model);
  return layer;
}

void ScreenForward::AddMlp(const Layer& layer, float* residual, int64_t rows, Buffers* buffers) const {
  const int64_t d_model = first_attention_.width(), d_mlp = layer.in.width();
  const float* const bias = layer.o_bias.empty() ? nullptr : layer.o_bias.data();
  const int64_t parts = (rows + kMlpRows - 1) / kMlpRows, part = RoundedUp((rows + parts - 1) / parts, kBlock);
  Bfloat16* const hidden = TilesOf(buffers->hidden);
  for (int64_t first = 0; first < rows; first += part) {
    const int64_t here = std::min(part, rows - first);
    float* const own = residual + first * d_model;
    NormalizeToTiles(own, bias, here, d_model, config_.d_model, TilesOf(buffers->normalized));
    Multiply(buffers->normalized, layer.in, here, [&](int64_t row, int64_t column, const float* sums) {
      ReluToTiles(sums, layer.in_bias.data() + column, row, column, d_mlp, hidden);
    });
    MultiplyAdd(buffers->hidden, layer.out, here, own);
  }
}

void ScreenForward::AddAttention(const Layer& layer, const Layer& before, int64_t questions, int64_t first,
                                 Buffers* buffers) const {
  const int64_t d_model = first_attention_.width(), rows = questions * positions_;
  const int64_t queries = positions_ - first, query_rows = questions * queries;
  float* const residual = buffers->residual.data_ptr<float>();
  Bfloat16* const normalized = TilesOf(buffers->normalized);
  NormalizeToTiles(residual, before.out_bias.data(), rows, d_model, config_.d_model, normalized);
  MultiplyTo(buffers->normalized, layer.kv, rows, buffers->kv.data_ptr<float>());
  float* own = residual;
  if (first > 0) {
    own = buffers->last.data_ptr<float>();
    for (int64_t question = 0; question < questions; ++question) {
      const float* const from = residual + (question * positions_ + first) * d_model;
      std::copy(from, from + queries * d_model, own + question * queries * d_model);
    }
    NormalizeToTiles(own, nullptr, query_rows, d_model, config_.d_model, normalized);
  }
  MultiplyTo(buffers->normalized, layer.q, query_rows, buffers->q.data_ptr<float>());
  for (int64_t question = 0; question < questions; ++question) {
    const ScreenHeads heads = {config_.n_heads,
                               d_head_,
                               positions_,
                               first,
                               buffers->q.data_ptr<float>() + question * queries * layer.q.width(),
                               layer.q.width(),
                               layer.q_bias.data(),
                               buffers->kv.data_ptr<float>() + question * positions_ * layer.kv.width(),
                               layer.kv.width(),
                               width_};
    AttendToTiles(heads, question * queries, depth_, TilesOf(buffers->z));
  }
  MultiplyAdd(buffers->z, layer.o, query_rows, own);
}

void ScreenForward::Run(const int64_t* tokens, size_t count, float* logits, Buffers* buffers) const {
  const auto questions = static_cast<int64_t>(count);
  const int64_t d_model = first_attention_.width();
  int64_t first = config_.n_layers == 1 ? first_row_ : 0, rows = questions * (positions_ - first);
  float* residual = buffers->residual.data_ptr<float>();
  first_attention_.MakeSums(tokens, count, {first, positions_ - first}, &buffers->sums);
  first_attention_.SumResiduals(buffers->sums, residual, buffers->squares.data());
  AddMlp(layers_.front(), residual, rows, buffers);
  for (size_t i = 1; i < layers_.size(); ++i) {
    if (i + 1 == layers_.size()) first = first_row_;
    AddAttention(layers_[i], layers_[i - 1], questions, first, buffers);
    if (first > 0) residual = buffers->last.data_ptr<float>();
    rows = questions * (positions_ - first);
    AddMlp(layers_[i], residual, rows, buffers);
  }
  Unembed(residual, layers_.back().out_bias.data(), rows, d_model, config_.d_model, unembedding_.data(),
          logit_bias_.data(), config_.d_vocab, logits);
}

void ScreenForward::Logits(const int64_t* tokens, size_t count, float* logits) const {
  const auto questions = static_cast<int64_t>(count);
  const int64_t chunks = (questions + kQuestions - 1) / kQuestions;
  const int64_t values = (positions_ - first_row_) * config_.d_vocab;
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;
    Buffers buffers(*this, (questions + chunks - 1) / chunks);
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t first = chunk * questions / chunks, here = (chunk + 1) * questions / chunks - first;
      Run(tokens + first * config_.n_ctx, static_cast<size_t>(here), logits + first * values, &buffers);
    }
  });
}

}  // namespace sumscope::engine::screening
