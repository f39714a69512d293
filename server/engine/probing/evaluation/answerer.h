#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_ANSWERER_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_ANSWERER_H_

#include <cstdint>

#include "server/engine/data/encoding.h"
#include "server/engine/model/answer_forward.h"
#include "server/engine/model/greedy_decoder.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate_tally.h"

namespace sumscope::engine {

// The precision of a model's computations.
torch::ScalarType DtypeOf(const Model& model);

// Questions per forward pass: 512 of small models; fewer of large ones, so that a cancel is heard within about a
// second, and of long lines with many heads, so that layer 0's patterns over all (position, token) pairs stay below 256
// MiB.
int64_t BatchSize(const ModelConfig& config);

// Throws kInvalidArgument (WRONG_DIGITS) where n_ctx or d_vocab do not fit the digits and the format.
void CheckEncoding(const ModelConfig& config, const Encoding& encoding);

// A model made ready to answer many questions: its weights on the device, its table computed once. Thread-compatible.
class Answerer {
 public:
  // Throws what CheckedWeights and CheckEncoding throw.
  explicit Answerer(const Model& model);

  const Encoding& encoding() const { return encoding_; }

  // Logits [count, row_count, d_vocab] on the CPU of tokens [count, n_ctx], from answer row `first` on.
  torch::Tensor Logits(const torch::Tensor& tokens, int64_t first, int64_t row_count) const;

  // The tokens with their answers replaced by what the model itself writes, greedily.
  torch::Tensor Generate(const torch::Tensor& tokens) const;

 private:
  const Encoding encoding_;
  const int64_t n_layers_;
  const NamedTensors weights_;
  const AnswerForward forward_;
  const GreedyDecoder decoder_;
  AnswerForward::Table table_;
};

// What `logits` [questions, n_answer, d_vocab] on the CPU say about question q, whose true answer tokens are `truth`.
void ReadAnswer(const torch::Tensor& logits, int64_t q, const int64_t* truth, AnswerReading* reading);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_ANSWERER_H_
