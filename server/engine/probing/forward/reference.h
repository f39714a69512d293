#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_REFERENCE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_REFERENCE_H_

#include <functional>
#include <string>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// One batch of questions, teacher-forced, with what was asked for captured.
struct ReferenceBatch {
  uint64_t first = 0;
  const Questions& questions;
  const torch::Tensor& tokens;  // int64 [batch, n_ctx], on the CPU
  const torch::Tensor& logits;  // [batch, n_ctx, d_vocab]; undefined of a pass to the last hook
  const Hooks& hooks;
};

// How far a pass goes: what comes after the last hook that is captured is not computed unless the logits are asked for.
enum class PassTo { kLastHook, kLogits };

// A model made ready to run questions through the reference transformer. Thread-compatible.
class Reference {
 public:
  using Take = std::function<void(const ReferenceBatch&)>;

  // Throws what CheckedWeights and CheckEncoding throw.
  explicit Reference(const Model& model);

  // Runs the questions at once and hands them over, capturing the named hooks. Throws kInvalidArgument (UNKNOWN_HOOK).
  void Run(uint64_t first, const Questions& questions, const std::vector<std::string>& captured, PassTo end,
           const Take& take) const;
  // All questions in order, `batch_size` at once. Also throws kCancelled.
  void ForEachBatch(const QuestionSource& questions, const std::vector<std::string>& captured, PassTo end,
                    int64_t batch_size, const ProgressFn& progress, const Take& take) const;

  const ModelConfig& config() const { return config_; }
  const Encoding& encoding() const { return encoding_; }
  torch::ScalarType dtype() const { return dtype_; }

 private:
  const ModelConfig config_;
  const Encoding encoding_;
  const torch::Device device_;
  const torch::ScalarType dtype_;
  const Transformer transformer_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_REFERENCE_H_
