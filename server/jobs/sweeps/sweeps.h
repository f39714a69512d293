#ifndef SUMSCOPE_SERVER_JOBS_SWEEPS_SWEEPS_H_
#define SUMSCOPE_SERVER_JOBS_SWEEPS_SWEEPS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/state/new_work.h"
#include "server/jobs/state/requests.h"
#include "storage/catalog/actor.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::jobs {

// Makes sweeps and changes them; they are named by their ids. Answers are rows as SweepsReader gives them, without what
// is counted. `actor` is who asks, and owns what is made: see Runs. Thread-safe.
class Sweeps {
 public:
  virtual ~Sweeps() = default;
  // The sweep, its runs, their trainings and their orders in one transaction. PERMISSION_DENIED or RESOURCE_EXHAUSTED
  // HIGH_PRIORITY_LIMIT; RESOURCE_EXHAUSTED QUEUE_FULL, WAITING_LIMIT; UNAVAILABLE DRAINING; ALREADY_EXISTS
  // REQUEST_ID_REUSED.
  virtual absl::StatusOr<v1::Sweep> Create(const storage::Actor& actor, const Request& request,
                                           const NewSweep& sweep) = 0;
  // What Create would refuse to make.
  virtual absl::Status Check(const storage::Actor& actor, const NewSweep& sweep) = 0;
  // Ends all of it that has not ended: from the first transaction on it is SWEEP_CANCELLED, and what an error or a
  // crash then leaves ends by itself. FAILED_PRECONDITION SWEEP_ENDED.
  virtual absl::StatusOr<v1::Sweep> Cancel(const storage::Actor& actor, const std::string& sweep) = 0;
  // Queues its FAILED runs and their orders again. FAILED_PRECONDITION SWEEP_HAS_NO_FAILED; errors of Create.
  virtual absl::StatusOr<v1::Sweep> Retry(const storage::Actor& actor, const Request& request,
                                          const std::string& sweep) = 0;
  // Forgets the sweep; its runs stay. FAILED_PRECONDITION SWEEP_UNFINISHED.
  virtual absl::Status Delete(const storage::Actor& actor, const std::string& sweep) = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SWEEPS_SWEEPS_H_
