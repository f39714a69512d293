#include "server/worker/analyses/ablation.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/analyses/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

api::Operation FromEngine(engine::Operation operation) {
  switch (operation) {
    case engine::Operation::kAdd:
      return api::ADD;
    case engine::Operation::kSub:
      return api::SUB;
    case engine::Operation::kMul:
      return api::MUL;
  }
  return api::OPERATION_UNSPECIFIED;
}

api::AblatedNodes FromEngine(const engine::Ablated& from, const engine::Encoding& encoding, uint64_t right) {
  api::AblatedNodes to;
  to.set_nodes(engine::NodeSetText(from.nodes));
  to.set_failed(Narrow(from.failed));
  for (const uint64_t count : from.failed_digits) to.add_failed_digits(Narrow(count));
  to.set_failed_of_right(Narrow(from.failed_of_right));
  std::vector<bool> failing;
  for (const uint64_t count : from.failed_digits_of_right) {
    to.add_failed_digits_of_right(Narrow(count));
    failing.push_back(count > 0);
  }
  to.set_fail_percent(static_cast<uint32_t>(from.FailPercent(right)));
  to.set_impact(engine::DigitsText(encoding, from.changed_digits));
  to.set_failing_digits(engine::DigitsText(encoding, failing));
  to.set_loss(from.loss);
  to.set_near_ties(Narrow(from.near_ties));
  to.set_moved_l2(from.moved_l2);
  for (const engine::ClassHits& hits : from.classes) {
    api::ClassHits* converted = to.add_classes();
    converted->set_question_class(engine::ClassName(hits.question_class));
    converted->set_right(Narrow(hits.right));
    converted->set_failed(Narrow(hits.failed));
  }
  if (from.operations.size() > 1) {
    for (const engine::OperationHits& hits : from.operations) {
      api::OperationHits* converted = to.add_operations();
      converted->set_operation(FromEngine(hits.operation));
      converted->set_right(Narrow(hits.right));
      converted->set_failed(Narrow(hits.failed));
    }
  }
  return to;
}

}  // namespace

engine::AblationMode ToEngine(api::AblationMode mode) {
  return mode == api::ZERO       ? engine::AblationMode::kZero
         : mode == api::RESAMPLE ? engine::AblationMode::kResample
                                 : engine::AblationMode::kMean;
}

api::AblationBaseline FromEngine(const engine::AblationBaseline& from) {
  api::AblationBaseline to;
  to.set_questions(Narrow(from.questions));
  to.set_right(Narrow(from.right));
  to.set_failed(Narrow(from.questions - from.right));
  for (const uint64_t count : from.failed_digits) to.add_failed_digits(Narrow(count));
  to.set_loss(from.loss);
  to.set_near_ties(Narrow(from.near_ties));
  return to;
}

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
