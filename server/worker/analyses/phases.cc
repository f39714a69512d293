#include "server/engine/probing/evaluation/phases.h"

#include "proto/contract/errors/errors.h"
#include "server/worker/analyses/analyses.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

void Convert(const engine::PhasedSeries& from, api::PhasedSeries* to) {
  to->set_name(from.name);
  for (const engine::PhaseBoundary& boundary : from.boundaries) {
    api::PhaseBoundary* converted = to->add_boundaries();
    converted->set_step(boundary.step);
    converted->set_loss_before(boundary.loss_before);
    converted->set_loss_after(boundary.loss_after);
  }
  if (from.learnt_step.has_value()) to->set_learnt_step(*from.learnt_step);
  to->set_first_loss(from.first_loss);
  to->set_last_loss(from.last_loss);
}

}  // namespace

AnalysisOutcome RunPhases(const AnalysisInput& input) {
  const api::PhasesRequest& request = input.request().phases();
  if (!input.metrics.defined() || input.metrics.dim() != 2 ||
      input.metrics.size(1) != input.task.metric_columns_size()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "METRICS_MISSING", "no metrics came with the task");
  }
  const engine::MetricTable table{{input.task.metric_columns().begin(), input.task.metric_columns().end()},
                                  input.metrics.data_ptr<double>(),
                                  static_cast<uint64_t>(input.metrics.size(0)),
                                  0};
  const engine::PhasesResult result =
      engine::Phases(table, {request.window(), request.penalty(), request.learnt_below()}, input.progress);
  api::AnalysisResult outcome;
  api::PhasesResult* to = outcome.mutable_phases();
  to->set_steps(result.steps);
  for (const engine::PhasedSeries& series : result.digits) Convert(series, to->add_digits());
  for (const engine::PhasedSeries& series : result.cells) Convert(series, to->add_cells());
  for (const std::string& name : result.order) to->add_order(name);
  for (const std::string& name : result.cell_order) to->add_cell_order(name);
  return outcome;
}

}  // namespace sumscope::worker
