#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// How jobs come into the queue, and how callers end them. Thread-safe.
class Admission {
 public:
  // Both outlive it.
  Admission(Context* context, Dispatcher* dispatcher) : context_(context), dispatcher_(dispatcher) {}

  // UNAVAILABLE DRAINING, RESOURCE_EXHAUSTED QUEUE_FULL.
  absl::Status CheckAcceptsJobs();
  // A job of a run's training or, with `analysis`, of that analysis. It stands in no queue and in no catalog yet.
  storage::Job NewJob(const std::string& run, const std::string& analysis);
  // Once it is QUEUED in the catalog.
  void Enqueue(storage::Job job) { dispatcher_->Enqueue(std::move(job)); }
  // Ends the job whatever its state, on the actor's behalf; never waits for its worker. FAILED_PRECONDITION
  // `ended_reason` when it has ended.
  absl::Status Cancel(const storage::Actor& actor, const std::string& job, const char* ended_reason);

 private:
  Context* const context_;
  Dispatcher* const dispatcher_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_
