// Every node at every position, ablated one at a time.
#include "proto/contract/analyses/ablation_mode.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/analyses/typed_kind.h"

namespace sumscope {
namespace {

class UsefulNodes final : public TypedKind<v1::UsefulNodesRequest, v1::UsefulNodesResult> {
  uint32_t version() const override { return 2; }

  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&,
                          v1::UsefulNodesRequest* request) const override {
    return CompleteSeededMode("request.useful_nodes.mode", request);
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::UsefulNodesRequest& request) const override {
    AnalysisCost cost =
        CostOfWork(spec, count, Intervening(WorkOfMap(spec, request.mode(), count)), SweepingBytes(spec, count));
    cost.nodes = MapNodes(spec);
    return cost;
  }
  std::vector<v1::NodeTag> DoTags(const v1::UsefulNodesResult& result) const override {
    return {result.tags().begin(), result.tags().end()};
  }
  std::optional<std::vector<std::string>> DoUsefulNodes(const v1::UsefulNodesResult& result) const override {
    std::vector<std::string> useful;
    for (const v1::AblatedNodes& node : result.nodes()) {
      if (node.failed_of_right() > 0) useful.push_back(node.nodes());
    }
    return useful;
  }
};

}  // namespace

const AnalysisKind& UsefulNodesKind() {
  static const auto* const kKind = new UsefulNodes;
  return *kKind;
}

}  // namespace sumscope
