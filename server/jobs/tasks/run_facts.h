#ifndef SUMSCOPE_SERVER_JOBS_TASKS_RUN_FACTS_H_
#define SUMSCOPE_SERVER_JOBS_TASKS_RUN_FACTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/catalog.h"
#include "storage/run_file.h"

namespace sumscope::jobs {

// What the run's row says about its data.
struct RunFacts {
  uint64_t steps_done = 0;             // stored
  uint64_t timing_steps = 0;           // stored
  std::optional<double> loss;          // of the last stored step
  std::optional<double> heldout_loss;  // of the last checkpoint
  std::optional<uint64_t> checkpoint_step;

  void CopyTo(v1::Run* run) const {
    run->set_steps_done(steps_done);
    if (loss.has_value()) run->set_loss(*loss);
    run->clear_heldout_loss();  // an older checkpoint's is not that of the last
    if (heldout_loss.has_value()) run->set_heldout_loss(*heldout_loss);
  }
  // Copies them to `run`, the catalog's row of `id`, which the caller updates in the same transaction, and says which
  // checkpoint's answers it shows.
  absl::Status PutInto(storage::CatalogTransaction& transaction, const std::string& id, v1::Run* run) const {
    CopyTo(run);
    return checkpoint_step.has_value() ? transaction.runs().PutLastCheckpoint(id, *checkpoint_step) : absl::OkStatus();
  }
};

absl::StatusOr<RunFacts> ReadFacts(storage::RunFile* file);

// The value of `column` in the block's last row; empty when it has no such column, no row, or is misshapen.
std::optional<double> LastValue(const v1::MetricBlock& block, const char* column);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_TASKS_RUN_FACTS_H_
