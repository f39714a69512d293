// What fails without some nodes.
#include "proto/contract/analyses/ablation_mode.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/complete_spec.h"

namespace sumscope {
namespace {

class Ablate final : public TypedKind<v1::AblateRequest, v1::AblateResult> {
  uint32_t version() const override { return 2; }

  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet&,
                          v1::AblateRequest* request) const override {
    constexpr char kField[] = "request.ablate.node_sets";
    if (request->node_sets().empty()) {
      return InvalidField("NODES_MISSING", kField, "ablate needs at least one node set, like P14L0H1");
    }
    SUMSCOPE_RETURN_IF_ERROR(CompleteSeededMode("request.ablate.mode", request));
    return CompleteNodeSets(spec, kField, request->mutable_node_sets());
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::AblateRequest& request) const override {
    const Work one = (1 + ModePasses(request.mode())) * WorkOfPass(spec) + WorkOfSets(spec, request.node_sets());
    const double rows = 2 * static_cast<double>(AnswerTokenNames(spec).size()) + ChangedRows(spec, request.node_sets());
    const Work work = WorkOfChanges(spec, count, request.node_sets_size(), rows, count * one);
    AnalysisCost cost = CostOfWork(spec, count, Intervening(work), SweepingBytes(spec, count));
    cost.nodes = request.node_sets_size();
    return cost;
  }
};

}  // namespace

const AnalysisKind& AblateKind() {
  static const auto* const kKind = new Ablate;
  return *kKind;
}

}  // namespace sumscope
