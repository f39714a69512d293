// When each digit was learnt.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/model_cost.h"

namespace sumscope {
namespace {

constexpr uint32_t kDefaultWindow = 50;
constexpr double kDefaultPenalty = 1;
constexpr double kDefaultLearntBelow = 0.1;

absl::Status CheckPositive(absl::string_view reason, absl::string_view field, double value) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return InvalidField(reason, field, absl::StrCat(field, " is ", value, "; expected a number above 0"));
}

class Phases final : public TypedKind<v1::PhasesRequest, v1::PhasesResult> {
  uint32_t version() const override { return 2; }
  bool needs_metrics() const override { return true; }

  absl::Status DoComplete(const v1::TrainSpec&, const v1::QuestionSet&, v1::PhasesRequest* request) const override {
    if (!request->has_window()) request->set_window(kDefaultWindow);
    if (!request->has_penalty()) request->set_penalty(kDefaultPenalty);
    if (!request->has_learnt_below()) request->set_learnt_below(kDefaultLearntBelow);
    if (request->window() < 1 || request->window() > limits::kMaxPhaseWindow) {
      return InvalidField(
          "WINDOW_OUT_OF_RANGE", "request.phases.window",
          absl::StrCat("window is ", request->window(), " steps; expected 1 to ", limits::kMaxPhaseWindow));
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckPositive("PENALTY_OUT_OF_RANGE", "request.phases.penalty", request->penalty()));
    return CheckPositive("LEARNT_BELOW_OUT_OF_RANGE", "request.phases.learnt_below", request->learnt_below());
  }
  void DoRules(const v1::TrainSpec&, const v1::PhasesRequest&, QuestionRules* rules) const override {
    rules->takes = QuestionRules::Takes::kNothing;
  }
  // Sorts and sums every column.
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double,
                      const v1::PhasesRequest&) const override {
    constexpr double kPerValue = 100;
    const double values = static_cast<double>(spec.steps()) * (1 + CostOf(spec).rows);
    AnalysisCost cost;
    cost.flops = values * kPerValue;
    cost.memory_bytes = static_cast<uint64_t>(2 * values * sizeof(double));
    return cost;
  }
};

}  // namespace

const AnalysisKind& PhasesKind() {
  static const auto* const kKind = new Phases;
  return *kKind;
}

}  // namespace sumscope
