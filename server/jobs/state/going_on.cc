#include "server/jobs/state/going_on.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

std::string EndedByFailures(const v1::Sweep& sweep, const storage::SweepTally& tally) {
  const auto failed = tally.runs.find(v1::FAILED);
  if (sweep.max_fails() == 0 || failed == tally.runs.end() || failed->second < sweep.max_fails()) return "";
  return absl::StrCat("ended after ", failed->second, failed->second == 1 ? " failed training" : " failed trainings");
}

absl::Status GoOn(storage::CatalogTransaction& transaction, v1::Sweep* sweep) {
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::SweepTally tally,
                            transaction.sweeps().Tally(storage::Viewer::Server(), IdOf(sweep->name())));
  sweep->set_state(v1::SWEEP_STATE_UNSPECIFIED);
  sweep->set_state_detail(EndedByFailures(*sweep, tally));
  sweep->clear_end_time();
  return transaction.sweeps().Update(*sweep);
}

absl::StatusOr<uint32_t> GoOn(storage::CatalogTransaction& transaction, const std::string& sweep) {
  if (sweep.empty()) return 0;
  absl::StatusOr<v1::Sweep> row = transaction.sweeps().Get(storage::Viewer::Server(), sweep);
  if (!row.ok() && MayPass(row.status())) return row.status();
  if (!row.ok()) return 0;
  SUMSCOPE_RETURN_IF_ERROR(GoOn(transaction, &*row));
  return row->max_parallel();
}

}  // namespace sumscope::jobs
