#include "server/engine/probing/evaluation/answerer.h"

#include <algorithm>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {

torch::ScalarType DtypeOf(const Model& model) {
  return !model.weights.empty() && model.weights.front().second.scalar_type() == torch::kFloat64 ? torch::kFloat64
                                                                                                 : torch::kFloat32;
}

int64_t BatchSize(const ModelConfig& config) {
  constexpr double kBatchFlops = 30e9, kTableBytes = 256 << 20;
  const auto n_ctx = static_cast<double>(config.n_ctx), n_heads = static_cast<double>(config.n_heads);
  const double flops = 4.0 * config.n_layers * config.d_model * (2.0 * n_heads * config.d_head + config.d_mlp) * n_ctx;
  const double table_bytes = 3 * sizeof(float) * n_ctx * n_heads * n_ctx * static_cast<double>(config.d_vocab);
  return std::clamp<int64_t>(static_cast<int64_t>(std::min(kBatchFlops / flops, kTableBytes / table_bytes)), 1, 512);
}

void CheckEncoding(const ModelConfig& config, const Encoding& encoding) {
  if (config.n_ctx == encoding.n_ctx() && config.d_vocab == encoding.d_vocab()) return;
  throw Error(ErrorKind::kInvalidArgument, "WRONG_DIGITS", "n_ctx and d_vocab do not fit the digits and the format");
}

Answerer::Answerer(const Model& model)
    : encoding_(model.n_digits, model.format),
      n_layers_(model.config.n_layers),
      weights_(CheckedWeights(model.config, model.weights, model.device, DtypeOf(model))),
      forward_(model.config, BindWeights(model.config, weights_),
               AnswerForward::Pairs::All(encoding_, model.device, DtypeOf(model)), model.device),
      decoder_(model.config, encoding_, BindWeights(model.config, weights_), model.device) {
  CheckEncoding(model.config, encoding_);
  table_ = forward_.MakeTable(encoding_.first_answer_row(), encoding_.n_answer());
}

torch::Tensor Answerer::Logits(const torch::Tensor& tokens, int64_t first, int64_t row_count) const {
  return forward_.Forward(tokens, table_, encoding_.first_answer_row() + first, row_count).to(torch::kCPU).contiguous();
}

torch::Tensor Answerer::Generate(const torch::Tensor& tokens) const {
  if (n_layers_ > 1) return decoder_.Write(tokens);
  // The table has the keys and values of the only layer, and a token's pass computes its own row alone.
  torch::Tensor lines = tokens.clone();
  for (int64_t j = 0; j < encoding_.n_answer(); ++j) {
    lines.select(1, encoding_.n_question() + j).copy_(Logits(lines, j, 1).squeeze(1).argmax(-1));
  }
  return lines;
}

void ReadAnswer(const torch::Tensor& logits, int64_t q, const int64_t* truth, AnswerReading* reading) {
  const int rows = static_cast<int>(logits.size(1)), d_vocab = static_cast<int>(logits.size(2));
  if (logits.scalar_type() == torch::kFloat64) {
    ReadAnswer(logits.data_ptr<double>() + q * rows * d_vocab, truth, rows, d_vocab, reading);
  } else {
    ReadAnswer(logits.data_ptr<float>() + q * rows * d_vocab, truth, rows, d_vocab, reading);
  }
}

}  // namespace sumscope::engine
