#ifndef SUMSCOPE_SERVER_RPC_SWEEPS_SWEEP_MESSAGES_H_
#define SUMSCOPE_SERVER_RPC_SWEEPS_SWEEP_MESSAGES_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/jobs/scheduling/queue.h"
#include "server/jobs/state/event_hub.h"
#include "server/rpc/queue/estimates.h"
#include "storage/catalog/catalog.h"
#include "storage/catalog/sweeps.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::rpc {

// The state of a sweep of which so much has ended; `kept` is that of its row. Pure.
v1::SweepState StateOf(const storage::SweepTally& tally, v1::SweepState kept);

// Fills in what of sweeps is counted at this moment, of members that the viewer may see: state, counts, progress; and
// the expected end. Confined to a body of Catalog::Read; what it is given outlives it.
class SweepMessages {
 public:
  // Reads how wrong estimates were here; looks once through all of the queue.
  SweepMessages(storage::CatalogReader* reader, storage::Viewer viewer, const jobs::QueueView* view,
                jobs::EventHub* hub);

  // `sweep` is a row. Errors of the catalog.
  absl::Status Complete(v1::Sweep* sweep);

 private:
  // What the queue knows of a sweep's jobs.
  struct Queued {
    double last_end = 0;               // seconds from the view on
    bool all_expected = true;          // of every job that has not ended
    std::vector<std::string> running;  // trainings: ids of runs
  };
  // The steps that running members have done since the catalog heard of them, as a share of all members' steps.
  double UncountedProgress(const Queued& queued, uint32_t runs);

  storage::CatalogReader& reader_;
  const storage::Viewer viewer_;
  const jobs::QueueView& view_;
  jobs::EventHub& hub_;
  absl::StatusOr<EstimateRecord> record_;
  std::map<std::string, Queued> queued_;  // by sweep
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SWEEPS_SWEEP_MESSAGES_H_
