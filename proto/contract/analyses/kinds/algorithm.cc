// The published algorithm's clauses, tested: sub-tasks and the look-back verdict.
#include <algorithm>

#include "proto/contract/analyses/ablation_mode.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/analyses/verdict.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/results/node_tags.h"

namespace sumscope {
namespace {

class Algorithm final : public TypedKind<v1::AlgorithmRequest, v1::AlgorithmResult> {
  uint32_t version() const override { return 4; }

  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, v1::AlgorithmRequest* request) const override {
    request->set_seed(request->seed());
    SUMSCOPE_RETURN_IF_ERROR(CompleteMode("request.algorithm.mode", request));
    return CompletePerCell("request.algorithm.per_cell", request);
  }
  void DoRules(const v1::TrainSpec&, const v1::AlgorithmRequest&, QuestionRules* rules) const override {
    rules->needs_columns = true;
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::AlgorithmRequest& request) const override {
    const double questions = count + VerdictQuestions(spec, request.per_cell());
    const AnalysisWork work = {WorkOfVerdict(spec, request.per_cell(), count),
                               WorkOfSubtasks(spec, request.mode(), count)};
    AnalysisCost cost =
        CostOfWork(spec, questions, work, std::max(LookingBytes(spec, questions), SweepingBytes(spec, questions)));
    cost.nodes = SubtaskNodes(spec);
    return cost;
  }
  std::vector<v1::NodeTag> DoTags(const v1::AlgorithmResult& result) const override {
    return {result.subtasks().tags().begin(), result.subtasks().tags().end()};
  }
  std::optional<std::vector<std::string>> DoUsefulNodes(const v1::AlgorithmResult& result) const override {
    return NodesThatFail(result.subtasks().tags());
  }
  const v1::CascadesResult* DoVerdict(const v1::AlgorithmResult& result) const override { return &result.verdict(); }
};

}  // namespace

const AnalysisKind& AlgorithmKind() {
  static const auto* const kKind = new Algorithm;
  return *kKind;
}

}  // namespace sumscope
