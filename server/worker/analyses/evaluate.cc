#include "server/engine/probing/evaluation/evaluate.h"

#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/conversion.h"

namespace sumscope::worker {

AnalysisOutcome RunEvaluate(const AnalysisInput& input) {
  const engine::EvaluateResult result =
      engine::Evaluate(input.model, *input.questions, ToEngine(input.request().evaluate()), input.progress);
  sumscope::v1::AnalysisResult converted;
  *converted.mutable_evaluate() =
      FromEngine(result, {input.model.n_digits, input.model.format, input.task.question_set().has_stratified()});
  return converted;
}

}  // namespace sumscope::worker
