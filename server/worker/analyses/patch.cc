#include "server/engine/probing/interventions/patch.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

// The caller's pairs, then the standard ones of the named tasks, each once.
absl::StatusOr<std::vector<engine::StoreCleanPair>> PairsOf(const AnalysisInput& input) {
  const api::PairQuestions& set = input.task.question_set().pairs();
  const int n = input.model.n_digits;
  std::vector<engine::StoreCleanPair> pairs;
  for (const api::StoreCleanPair& pair : set.pairs()) {
    pairs.push_back({absl::StrCat("pair-", pairs.size() + 1),
                     "",
                     engine::ParseQuestion(pair.store(), n),
                     engine::ParseQuestion(pair.clean(), n),
                     {}});
  }
  const size_t own = pairs.size();
  for (const std::string& text : set.tasks()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<TaskName> tasks,
                              ParseTask(input.spec(), "question_set.pairs.tasks", text));
    for (const TaskName& task : tasks) {
      const auto standard =
          engine::PairsFor(engine::ParseTask(task.kind), static_cast<int>(task.digit), n, input.model.format);
      for (const engine::StoreCleanPair& pair : standard) {
        bool known = false;
        for (size_t i = own; i < pairs.size(); ++i) known = known || pairs[i].id == pair.id;
        if (!known) pairs.push_back(pair);
      }
    }
  }
  return pairs;
}

api::PatchedPair FromEngine(const engine::StoreCleanPair& pair, const engine::PatchedPair& from) {
  api::PatchedPair to;
  to.set_id(pair.id);
  to.set_task(pair.task);
  to.set_store(engine::QuestionText(pair.store));
  to.set_clean(engine::QuestionText(pair.clean));
  to.set_store_true(from.store_true);
  to.set_clean_true(from.clean_true);
  to.set_store_predicted(from.store_predicted);
  to.set_clean_predicted(from.clean_predicted);
  to.set_testable(from.testable);
  for (const engine::ExpectedAnswer& expected : pair.expected) {
    api::ExpectedAnswer* converted = to.add_expected();
    converted->set_digit(static_cast<uint32_t>(expected.digit));
    converted->set_answer(expected.answer);
  }
  for (const engine::Patched& patched : from.results) {
    api::PatchedNodes* converted = to.add_results();
    converted->set_predicted(patched.predicted);
    converted->set_impact(patched.impact);
    for (const int digit : patched.strong_for) converted->add_strong_for(static_cast<uint32_t>(digit));
    converted->set_l2(patched.l2);
    converted->set_loss(patched.loss);
    converted->set_margin(patched.margin);
  }
  return to;
}

}  // namespace

AnalysisOutcome RunPatch(const AnalysisInput& input) {
  const api::PatchRequest& request = input.request().patch();
  const engine::Encoding encoding(input.model.n_digits, input.model.format);
  engine::PatchRequest own;
  SUMSCOPE_ASSIGN_OR_RETURN(own.pairs, PairsOf(input));
  SUMSCOPE_ASSIGN_OR_RETURN(own.node_sets, ToNodeSets(input.spec(), request.node_sets()));
  if (own.node_sets.empty()) own.node_sets = engine::EveryHead(input.model.config, encoding, request.head_pairs());
  const engine::PatchResult result = engine::Patch(input.model, own, input.progress);
  api::AnalysisResult outcome;
  api::PatchResult* to = outcome.mutable_patch();
  CopyAnswerTokens(encoding, to->mutable_answer_tokens());
  to->set_by_tables(result.by_tables);
  to->set_rechecked(result.rechecked);
  for (const engine::NodeSet& nodes : own.node_sets) to->add_nodes(engine::NodeSetText(nodes));
  for (size_t p = 0; p < own.pairs.size(); ++p) {
    *to->add_pairs() = FromEngine(own.pairs[p], result.pairs[p]);
    for (size_t s = 0; s < own.node_sets.size(); ++s) {
      if (result.pairs[p].results[s].l2 > 0) continue;
      to->add_warnings(absl::StrCat(own.pairs[p].id, ", ", to->nodes(static_cast<int>(s)),
                                    ": the patch moved nothing (L2 0): store and clean agree there"));
    }
  }
  return outcome;
}

}  // namespace sumscope::worker
