#include "server/engine/probing/interventions/algorithm.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/look_back.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/analyses/subtasks.h"
#include "server/worker/analyses/verdict.h"
#include "server/worker/convert/nodes.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

void AddVerdictClause(const std::string& name, const google::protobuf::RepeatedPtrField<api::LookBackDigit>& digits,
                      api::AlgorithmResult* result) {
  if (!digits.empty()) *result->add_clauses() = LookBackClause(name, digits);
}

}  // namespace

api::AlgorithmClause LookBackClause(const std::string& name,
                                    const google::protobuf::RepeatedPtrField<api::LookBackDigit>& digits) {
  api::AlgorithmClause clause;
  clause.set_name(absl::StrCat("look-back.", name));
  clause.set_text(absl::StrCat(name, ": cascades of every length are carried through (kappa above ", kSureAbove, ")"));
  bool fails = false, untestable = false;  // one digit that fails is enough
  for (const api::LookBackDigit& digit : digits) {
    const SureClaim claim = SureOfAll(digit);
    fails = fails || claim == SureClaim::kFails;
    untestable = untestable || claim == SureClaim::kUntestable;
    absl::StrAppend(clause.mutable_evidence(), clause.evidence().empty() ? "" : "; ", digit.digit(), " ",
                    LookBackText(digit));
  }
  clause.set_holds(!fails && !untestable);
  clause.set_testable(fails || !untestable);
  return clause;
}

AnalysisOutcome RunAlgorithm(const AnalysisInput& input) {
  const api::AlgorithmRequest& request = input.request().algorithm();
  engine::AlgorithmRequest own;
  own.cascades.operations = OperationsOf(*input.questions);
  own.cascades.per_cell = request.per_cell();
  own.cascades.seed = request.seed();
  SUMSCOPE_ASSIGN_OR_RETURN(own.subtasks,
                            SubtasksRequestOf(input, own.cascades.operations, {}, request.mode(), request.seed()));
  const engine::AlgorithmResult result = engine::Algorithm(input.model, *input.questions, own, input.progress);
  api::AnalysisResult outcome;
  api::AlgorithmResult* to = outcome.mutable_algorithm();
  for (const engine::AlgorithmClause& clause : result.clauses) {
    api::AlgorithmClause* converted = to->add_clauses();
    converted->set_name(clause.name);
    converted->set_text(clause.text);
    converted->set_holds(clause.holds);
    converted->set_testable(clause.testable);
    converted->set_evidence(clause.evidence);
  }
  to->set_useful_heads(Narrow(result.useful_heads));
  to->set_useful_heads_with_purpose(Narrow(result.useful_heads_with_purpose));
  to->set_useful_mlps(Narrow(result.useful_mlps));
  to->set_useful_mlps_with_purpose(Narrow(result.useful_mlps_with_purpose));
  *to->mutable_verdict() = FromEngine(result.verdict, {input.model.n_digits, input.model.format});
  *to->mutable_subtasks() = FromEngine(result.subtasks);
  AddVerdictClause("additions", to->verdict().additions(), to);
  AddVerdictClause("subtractions with a positive answer", to->verdict().subtractions_positive(), to);
  AddVerdictClause("subtractions with a negative answer", to->verdict().subtractions_negative(), to);
  return outcome;
}

}  // namespace sumscope::worker
