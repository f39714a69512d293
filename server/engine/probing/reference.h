#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_REFERENCE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_REFERENCE_H_

#include <functional>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// One batch of questions through the reference transformer, with what was asked for captured.
struct ReferenceBatch {
  uint64_t first = 0;
  const Questions& questions;
  const torch::Tensor& tokens;  // int64 [batch, n_ctx], on the CPU
  const torch::Tensor& logits;  // [batch, n_ctx, d_vocab]
  const Hooks& hooks;
};

// Runs all questions, at most `batch_size` at once (0: as many as the model's size allows), and hands each batch over.
// Throws what CheckedWeights throws, UNKNOWN_HOOK, kCancelled.
void ForEachBatch(const Model& model, const QuestionSource& questions, const std::vector<std::string>& captured,
                  uint64_t batch_size, const ProgressFn& progress,
                  const std::function<void(const ReferenceBatch&)>& take);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_REFERENCE_H_
