// Whether an activation says a feature.
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/node_sets.h"
#include "proto/contract/analyses/typed_kind.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

constexpr uint64_t kDefaultProbed = 5'000;
constexpr double kDefaultHeldOut = 0.2;
constexpr double kDefaultL2 = 1e-3;

absl::Status CompletePlace(const v1::TrainSpec& spec, v1::LinearProbeRequest* request) {
  constexpr char kNode[] = "request.linear_probe.node", kHook[] = "request.linear_probe.hook";
  const bool by_node = !request->node().empty(), by_hook = !request->hook().empty() || !request->position().empty();
  if (by_node == by_hook || (by_hook && (request->hook().empty() || request->position().empty()))) {
    return InvalidField("PROBE_PLACE_INVALID", kNode,
                        "a probe reads one place: set node (P14L0H1), or hook and position, not both");
  }
  if (by_node) {
    SUMSCOPE_ASSIGN_OR_RETURN(const NodeName node,
                              ParseSingleNode(spec, "PROBE_PLACE_INVALID", kNode, request->node(), "a single node"));
    request->set_node(NodeNameText(node));
    return absl::OkStatus();
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto hooks, MatchHooks(spec, kHook, request->hook()));
  if (hooks.size() != 1 || hooks[0] != request->hook()) {
    return InvalidField("PROBE_PLACE_INVALID", kHook,
                        absl::StrCat(Quote(request->hook()), " is a pattern; expected one hook"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t position,
                            ParsePosition(spec, "request.linear_probe.position", request->position()));
  request->set_position(absl::StrCat("P", position));
  return absl::OkStatus();
}

class LinearProbe final : public TypedKind<v1::LinearProbeRequest, v1::LinearProbeResult> {
  absl::Status DoComplete(const v1::TrainSpec& spec, const v1::QuestionSet&,
                          v1::LinearProbeRequest* request) const override {
    SUMSCOPE_ASSIGN_OR_RETURN(const TaskName feature,
                              ParseFeature(spec, "request.linear_probe.feature", request->feature()));
    request->set_feature(TaskText(feature));
    SUMSCOPE_RETURN_IF_ERROR(CompletePlace(spec, request));
    if (!request->has_held_out()) request->set_held_out(kDefaultHeldOut);
    if (!request->has_l2()) request->set_l2(kDefaultL2);
    request->set_seed(request->seed());
    if (!(request->held_out() > 0 && request->held_out() < 1)) {
      return InvalidField("HELD_OUT_OUT_OF_RANGE", "request.linear_probe.held_out",
                          absl::StrCat("held_out is ", request->held_out(), "; expected a share between 0 and 1"));
    }
    if (!std::isfinite(request->l2()) || request->l2() < 0) {
      return InvalidField("L2_OUT_OF_RANGE", "request.linear_probe.l2",
                          absl::StrCat("l2 is ", request->l2(), "; expected 0 or more"));
    }
    return absl::OkStatus();
  }
  void DoRules(const v1::TrainSpec& spec, const v1::LinearProbeRequest& request, QuestionRules* rules) const override {
    const absl::StatusOr<TaskName> feature = ParseFeature(spec, "request.linear_probe.feature", request.feature());
    if (feature.ok()) rules->operation = feature->operation;
    rules->needs_columns = true;
    rules->default_count = kDefaultProbed;
  }
  AnalysisCost DoCost(const v1::TrainSpec& spec, const v1::QuestionSet&, double count,
                      const v1::LinearProbeRequest& request) const override {
    constexpr double kCopies = 4.5;  // as read, the training rows, and those again while they are standardised
    const bool of_head = absl::StrContains(request.node(), 'H');
    const double features = of_head ? spec.d_head() : HookValues(spec, request.hook(), 1);
    return CostOfPasses(spec, count, ReadingBytes(spec, count) + kCopies * count * features * sizeof(double));
  }
};

}  // namespace

const AnalysisKind& LinearProbeKind() {
  static const auto* const kKind = new LinearProbe;
  return *kKind;
}

}  // namespace sumscope
