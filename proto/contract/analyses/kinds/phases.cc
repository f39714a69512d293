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

// The widest window that a training of so many steps has: with kLeastWindows of them, the last of which may be half a
// window short or long (server/engine/probing/evaluation/phases.h); 0 of fewer than kLeastWindows steps. A boundary
// divides windows into two phases, and one window is no phase but a number: two say that it lasted. And the noise that
// a boundary must exceed is measured on neighbours one and two apart, of which fewer than four windows have not two
// pairs.
constexpr uint64_t kLeastWindows = 4;
uint64_t WidestWindow(uint64_t steps) {
  // (steps + w / 2) / w >= 4, in integers: 7 v steps for w = 2 v, and 4 more for w = 2 v + 1.
  return 2 * (steps / 7) + (steps % 7 >= 4 ? 1 : 0);
}

class Phases final : public TypedKind<v1::PhasesRequest, v1::PhasesResult> {
  uint32_t version() const override { return 3; }
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
  absl::Status DoCheckMetrics(absl::string_view run, uint64_t steps, const v1::PhasesRequest& request) const override {
    if (steps > limits::kMaxPhaseSteps) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "PHASES_TOO_LONG",
                       absl::StrCat(run, " has metrics of ", steps, " steps; phases are found in at most ",
                                    limits::kMaxPhaseSteps, ": name an earlier checkpoint"));
    }
    const std::string of_steps = absl::StrCat(run, " has metrics of ", steps, " steps; phases need ");
    const uint64_t narrowest = (steps + limits::kMaxPhaseWindows - 1) / limits::kMaxPhaseWindows;
    if (request.window() < narrowest) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "WINDOW_TOO_NARROW",
                       absl::StrCat(of_steps, "at most ", limits::kMaxPhaseWindows,
                                    " windows, so that a window has at least ", narrowest, ", not ", request.window()),
                       {{"narrowest", absl::StrCat(narrowest)}});
    }
    const uint64_t widest = WidestWindow(steps);
    if (request.window() <= widest) return absl::OkStatus();
    if (widest == 0) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "WINDOW_TOO_WIDE",
                       absl::StrCat(of_steps, "at least ", kLeastWindows));
    }
    return MakeError(absl::StatusCode::kFailedPrecondition, "WINDOW_TOO_WIDE",
                     absl::StrCat(of_steps, kLeastWindows, " windows or more, so that a window has at most ", widest,
                                  ", not ", request.window()),
                     {{"widest", absl::StrCat(widest)}});
  }
  // Sorts and sums every column.
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double,
                      const v1::PhasesRequest&) const override {
    constexpr double kPerValue = 100;
    const double values = static_cast<double>(spec.steps()) * (1 + CostOf(spec).rows);
    AnalysisCost cost;
    cost.work.intervening.flops = values * kPerValue;
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
