#include "server/engine/probing/interventions/node_tags.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/ablation.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {

namespace api = sumscope::v1;

AnalysisOutcome RunUsefulNodes(const AnalysisInput& input) {
  const api::UsefulNodesRequest& request = input.request().useful_nodes();
  const engine::AblationResult result =
      engine::Ablate(input.model, *input.questions,
                     {engine::EveryNode(input.model.config), ToEngine(request.mode()), request.seed()}, input.progress);
  const engine::Encoding encoding(input.model.n_digits, input.model.format);
  api::AnalysisResult outcome;
  api::UsefulNodesResult* to = outcome.mutable_useful_nodes();
  CopyAnswerTokens(encoding, to->mutable_answer_tokens());
  to->set_mode(request.mode());
  *to->mutable_unablated() = FromEngine(result.unablated);
  to->set_by_tables(result.by_tables);
  to->set_rechecked(result.rechecked);
  uint32_t heads = 0, mlps = 0;
  for (const engine::Ablated& ablated : result.results) {
    *to->add_nodes() = FromEngine(ablated, encoding, result.unablated.right);
    if (ablated.failed_of_right > 0) ++(ablated.nodes.front().kind == engine::Node::Kind::kHead ? heads : mlps);
  }
  to->set_useful_heads(heads);
  to->set_useful_mlps(mlps);
  CopyTags(engine::AblationTags(encoding, result), to->mutable_tags());
  return outcome;
}

}  // namespace sumscope::worker
