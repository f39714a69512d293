#ifndef SUMSCOPE_SERVER_JOBS_SWEEPS_SWEEP_KEEPER_H_
#define SUMSCOPE_SERVER_JOBS_SWEEPS_SWEEP_KEEPER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/scheduling/admission.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/sweeps/sweeps.h"

namespace sumscope::jobs {

// Whether something of the sweep has not ended.
bool IsUnfinished(const storage::SweepTally& tally);

// Sweeps over the catalog: what is made or queued again together is one transaction, without a file. What is ended
// together is several, between which others write; what a crash leaves of them Follow goes on with. Thread-safe.
class SweepKeeper final : public Sweeps {
 public:
  // Both outlive it.
  SweepKeeper(Context* context, Admission* admission) : context_(context), admission_(admission) {}

  absl::StatusOr<v1::Sweep> Create(const storage::Actor& actor, const Request& request, const NewSweep& sweep) override;
  absl::Status Check(const storage::Actor& actor, const NewSweep& sweep) override;
  absl::StatusOr<v1::Sweep> Cancel(const storage::Actor& actor, const std::string& sweep) override;
  absl::StatusOr<v1::Sweep> Retry(const storage::Actor& actor, const Request& request,
                                  const std::string& sweep) override;
  absl::Status Delete(const storage::Actor& actor, const std::string& sweep) override;

  // What a job's end means to its sweep: the last one ends it, and with max_fails failed trainings the rest is
  // cancelled for SWEEP_FAILED_TOO_OFTEN; of one that is cancelled, all that was left is. Decided from the catalog, so
  // that a look too many does nothing.
  absl::Status Follow(const std::string& sweep);
  // Tells the queue how many trainings of it may run at once. Nobody else bounds them then: a sweep that cannot be read
  // has no bound.
  void Bound(const std::string& sweep);
  // Some sweeps that have no end in the catalog, the newest ones.
  std::set<std::string> WithoutEnd();

 private:
  // What a transaction did, to be told to queue, workers and watchers once it is durable.
  struct Changes {
    std::vector<storage::Job> queued, ended, stopping;
    std::vector<std::pair<std::string, uint64_t>> captures;  // names and bytes of those that are queued
  };
  // That the members' orders can be answered once they have succeeded.
  absl::Status CheckOrders(const NewSweep& asked);
  absl::Status Insert(const storage::Actor& actor, const NewSweep& asked, storage::CatalogTransaction& transaction,
                      v1::Sweep* row, Changes* changes);
  absl::Status InsertMember(const storage::Actor& actor, const NewSweep& asked, const NewSweep::Member& member,
                            const std::string& sweep, storage::CatalogTransaction& transaction, Changes* changes);
  // Why the rest of a sweep ends.
  struct RestEnd {
    std::string reason, detail;
    // Asked at the beginning of each transaction; where it says no, nothing more is ended.
    std::function<absl::StatusOr<bool>(storage::CatalogTransaction& transaction)> goes_on;
    std::function<absl::Status(storage::CatalogTransaction& transaction)> last = {};  // in the last one; may be null
  };
  // Ends all of the sweep that has not ended and is not about to, in transactions of some jobs each. The catalog says
  // before it what lets Follow call it again after an error or a crash.
  absl::Status EndRest(const std::string& sweep, const RestEnd& end);
  // False: it does not go on.
  absl::StatusOr<bool> EndSome(const std::vector<std::string>& jobs, bool are_last, const RestEnd& end);
  absl::Status QueueAgain(storage::CatalogTransaction& transaction, const std::string& sweep, const std::string& run,
                          Changes* changes);
  absl::Status QueueOrdersAgain(storage::CatalogTransaction& transaction, const std::string& sweep,
                                const std::string& run, Changes* changes);
  void Tell(const Changes& changes, Room room = Room());
  std::string NewRunId();

  Context* const context_;
  Admission* const admission_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SWEEPS_SWEEP_KEEPER_H_
