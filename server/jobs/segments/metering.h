#ifndef SUMSCOPE_SERVER_JOBS_SEGMENTS_METERING_H_
#define SUMSCOPE_SERVER_JOBS_SEGMENTS_METERING_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/jobs/scheduling/policy/usage_ledger.h"
#include "storage/catalog/catalog.h"

namespace sumscope::jobs {

// Charges users for the time that their jobs have had slots: now and then, and at the end of each segment. The job's
// row and its owner's usage change in one transaction, so that nothing is charged twice. What was not charged yet when
// a server died is forgiven, for nobody knows how long it ran on. Times are monotonic; the wall clock only dates.
// Thread-safe.
class Metering {
 public:
  // Both outlive it. `low_charge`: of a device-second of priority LOW.
  Metering(storage::Catalog* catalog, Clock* clock, absl::Duration half_life, double low_charge);

  // Reads what users have had. Once, before jobs start.
  absl::Status Load();
  // The job has a slot from now on: its row says so (charged_until).
  void Begin(const storage::Job& job);
  // Charges all jobs that have slots, in one transaction.
  absl::Status ChargeAll();

  // Charges the job's segment up to now, within a transaction that changes its row as well: `job` is that row, and is
  // left to the caller to be stored.
  using Charge = std::function<absl::Status(storage::CatalogTransaction& transaction, storage::Job* job)>;
  // Ends the job's segment with the transaction that `write` writes, which is to call what it is given; once OK came
  // back, the segment is over. Nothing is charged of a job that has none here.
  absl::Status End(const std::string& job, const std::function<absl::Status(const Charge& charge)>& write);

  // Device-seconds by user, decayed to now, with what is not charged yet.
  std::map<std::string, double> Usage();

 private:
  struct Segment {
    std::string owner;
    double factor = 1;
    absl::Duration charged_until;  // monotonic
  };
  std::unique_ptr<UsageLedger> NewLedger() const { return std::make_unique<UsageLedger>(half_life_); }
  absl::Status ChargeOne(storage::CatalogTransaction& transaction, const Segment& segment, absl::Duration until,
                         UsageLedger* ledger, storage::Job* job) const;
  std::optional<Segment> Find(const std::string& job);
  void Keep(std::unique_ptr<UsageLedger> ledger);

  storage::Catalog* const catalog_;
  Clock* const clock_;
  const absl::Duration half_life_;
  const double low_charge_;

  // Held from the look at a segment until what it was charged is durable and noted.
  Mutex charging_;
  Mutex mutex_;
  std::map<std::string, Segment> segments_ ABSL_GUARDED_BY(mutex_);  // by job
  std::unique_ptr<UsageLedger> ledger_ ABSL_GUARDED_BY(mutex_);      // as the catalog has it
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SEGMENTS_METERING_H_
