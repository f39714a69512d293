// Activations of one question written into another.
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"

namespace sumscope {
namespace {

class Patch final : public TypedKind<v1::PatchRequest, v1::PatchResult> {
  uint32_t version() const override { return 2; }

  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet&, v1::PatchRequest* request) const override {
    request->set_head_pairs(request->head_pairs());
    if (request->head_pairs() && !request->node_sets().empty()) {
      return InvalidField(
          "HEAD_PAIRS_NOT_TAKEN", "request.patch.head_pairs",
          "pairs of heads are patched only beside every head: leave node_sets empty, or name the pairs");
    }
    return CompleteNodeSets(spec, "request.patch.node_sets", request->mutable_node_sets());
  }
  void DoRules(const v1::TrainSpec&, const v1::PatchRequest&, QuestionRules* rules) const override {
    rules->takes = QuestionRules::Takes::kPairs;
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::PatchRequest& request) const override {
    const bool named = !request.node_sets().empty();
    const Work patches = named ? WorkOfSets(spec, request.node_sets()) : WorkOfPatches(spec, request.head_pairs());
    const double sets = named ? request.node_sets_size() : PatchedNodes(spec, request.head_pairs());
    const double changed = named ? ChangedRows(spec, request.node_sets()) : ChangedRows(spec, request.head_pairs());
    const double rows = 2 * static_cast<double>(AnswerTokenNames(spec).size()) + changed;
    const Work work = WorkOfChanges(spec, count, sets, rows, count * (2 * WorkOfPass(spec) + patches));
    AnalysisCost cost = CostOfWork(spec, count, Intervening(work), SweepingBytes(spec, count));
    cost.nodes = sets;
    return cost;
  }
  uint64_t DoLeastResultBytes(const v1::TrainSpec& spec, const v1::AnalysisPrediction& prediction,
                              const v1::PatchRequest&) const override {
    // Per pair and node set at least the predicted answer and two numbers, each with its key, and the key of them all.
    const double one = 2 + 2 + static_cast<double>(AnswerTokenNames(spec).size()) + 2 * (1 + sizeof(double));
    return static_cast<uint64_t>(prediction.questions() * prediction.nodes() * one);
  }
};

}  // namespace

const AnalysisKind& PatchKind() {
  static const auto* const kKind = new Patch;
  return *kKind;
}

}  // namespace sumscope
