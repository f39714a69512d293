#include "server/engine/probing/evaluation/evaluate.h"

#include "server/engine/runtime/error.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/conversion.h"

namespace sumscope::worker {
namespace {

engine::EvaluateResult EvaluateFrom(const AnalysisInput& input, const std::string& state) {
  const engine::EvaluateKeeping keeping{
      state, [&input](uint64_t done, const auto& bytes) { input.keeper->Keep(done, bytes); }};
  return engine::Evaluate(input.model, *input.questions, ToEngine(input.request().evaluate()), input.progress,
                          engine::AnswerBy::kFastest, keeping);
}

// Goes on from what an earlier attempt had counted, where that can be.
engine::EvaluateResult EvaluateOn(const AnalysisInput& input) {
  const std::string last = input.keeper->Last();
  try {
    return EvaluateFrom(input, last);
  } catch (const engine::Error& error) {
    if (error.kind != engine::ErrorKind::kCorrupt || last.empty()) throw;
    input.keeper->Leave(error.what());
  }
  return EvaluateFrom(input, "");
}

}  // namespace

AnalysisOutcome RunEvaluate(const AnalysisInput& input) {
  const engine::EvaluateResult result = EvaluateOn(input);
  sumscope::v1::AnalysisResult converted;
  *converted.mutable_evaluate() =
      FromEngine(result, {input.model.n_digits, input.model.format, input.task.question_set().has_stratified()});
  return converted;
}

}  // namespace sumscope::worker
