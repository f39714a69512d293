#include "server/jobs/tasks/run_facts.h"

#include "proto/contract/errors/status_macros.h"

namespace sumscope::jobs {

absl::StatusOr<RunFacts> ReadFacts(storage::RunFile* file) {
  RunFacts facts;
  SUMSCOPE_ASSIGN_OR_RETURN(facts.steps_done, file->MetricSteps(storage::Series::kDeterministic));
  SUMSCOPE_ASSIGN_OR_RETURN(facts.timing_steps, file->MetricSteps(storage::Series::kTiming));
  if (facts.steps_done > 0) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::MetricBlock last,
                              file->ReadMetrics(storage::Series::kDeterministic, facts.steps_done - 1, 1));
    facts.loss = LastValue(last, "loss");
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto checkpoints, file->ListTensorSets(storage::TensorSetKind::kWeights));
  if (!checkpoints.empty()) {
    facts.heldout_loss = checkpoints.back().heldout_loss;
    facts.checkpoint_step = checkpoints.back().step;
  }
  return facts;
}

std::optional<double> LastValue(const v1::MetricBlock& block, const char* column) {
  const int columns = block.columns_size();
  if (block.count() == 0 || static_cast<uint64_t>(block.values_size()) != uint64_t{block.count()} * columns) {
    return std::nullopt;
  }
  for (int i = 0; i < columns; ++i) {
    if (block.columns(i) == column) return block.values(block.values_size() - columns + i);
  }
  return std::nullopt;
}

}  // namespace sumscope::jobs
