#include "server/engine/probing/attention/attribution.h"

#include "server/engine/data/encoding.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {

AnalysisOutcome RunAttribution(const AnalysisInput& input) {
  const engine::AttributionResult result = engine::Attribution(input.model, *input.questions, input.progress);
  sumscope::v1::AnalysisResult outcome;
  sumscope::v1::AttributionResult* to = outcome.mutable_attribution();
  to->set_questions(Narrow(result.questions));
  CopyAnswerTokens({input.model.n_digits, input.model.format}, to->mutable_answer_tokens());
  to->mutable_true_logit()->Add(result.true_logit.begin(), result.true_logit.end());
  for (const engine::AttributionPart& part : result.parts) {
    sumscope::v1::AttributionPart* converted = to->add_parts();
    converted->set_component(part.component);
    converted->mutable_logits()->Add(part.logits.begin(), part.logits.end());
  }
  to->set_largest_sum_error(result.largest_sum_error);
  return outcome;
}

}  // namespace sumscope::worker
