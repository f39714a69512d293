// What each component adds to the true token's logit.
#include "proto/contract/analyses/typed_kind.h"

namespace sumscope {
namespace {

class Attribution final : public TypedKind<v1::AttributionRequest, v1::AttributionResult> {
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::AttributionRequest&) const override {
    return CostOfPasses(spec, count, LookingBytes(spec, count));
  }
};

}  // namespace

const AnalysisKind& AttributionKind() {
  static const auto* const kKind = new Attribution;
  return *kKind;
}

}  // namespace sumscope
