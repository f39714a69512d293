#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_GREEDY_DECODER_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_GREEDY_DECODER_H_

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/transformer.h"

namespace sumscope::engine {

// Writes answers token by token, each fed back (arg-max, the lower token among equals). Keys and values of what is
// written already are kept, so that a token costs one row in every layer: with two layers about a quarter of the work
// of AnswerForward from the first token on (with one layer twice its work). Thread-compatible.
class GreedyDecoder {
 public:
  GreedyDecoder(const ModelConfig& config, const Encoding& encoding, ModelWeights weights, torch::Device device)
      : config_(config), encoding_(encoding), weights_(std::move(weights)), device_(device) {}

  // The lines [batch, n_ctx] of int64 tokens on the CPU with their answers replaced by the model's own.
  torch::Tensor Write(const torch::Tensor& tokens) const;

 private:
  struct Memory;  // keys and values of every layer
  // The arg-max after rows first .. first+count-1 of `tokens`, [batch]; the rows before are in `memory`.
  torch::Tensor Next(const torch::Tensor& tokens, int64_t first, int64_t count, Memory* memory) const;

  const ModelConfig config_;
  const Encoding encoding_;
  const ModelWeights weights_;
  const torch::Device device_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_GREEDY_DECODER_H_
