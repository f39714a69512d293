#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/ablation.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {

namespace api = sumscope::v1;

AnalysisOutcome RunAblate(const AnalysisInput& input) {
  const api::AblateRequest& request = input.request().ablate();
  engine::AblationRequest own;
  SUMSCOPE_ASSIGN_OR_RETURN(own.node_sets, ToNodeSets(input.spec(), request.node_sets()));
  own.mode = ToEngine(request.mode());
  own.seed = request.seed();
  const engine::AblationResult result = engine::Ablate(input.model, *input.questions, own, input.progress);
  const engine::Encoding encoding(input.model.n_digits, input.model.format);
  api::AnalysisResult outcome;
  api::AblateResult* to = outcome.mutable_ablate();
  CopyAnswerTokens(encoding, to->mutable_answer_tokens());
  to->set_mode(request.mode());
  *to->mutable_unablated() = FromEngine(result.unablated);
  to->set_by_tables(result.by_tables);
  to->set_rechecked(result.rechecked);
  for (const engine::Ablated& ablated : result.results) {
    api::AblatedNodes* converted = to->add_results();
    *converted = FromEngine(ablated, encoding, result.unablated.right);
    converted->mutable_digit_loss()->Add(ablated.digit_loss.begin(), ablated.digit_loss.end());
    if (ablated.moved_l2 == 0) {
      to->add_warnings(absl::StrCat(converted->nodes(), ": the ablation moved nothing (L2 0)"));
    }
  }
  return outcome;
}

}  // namespace sumscope::worker
