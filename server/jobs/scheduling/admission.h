#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/new_work.h"

namespace sumscope::jobs {

// What a job is of, and what was asked of it. Ids.
struct JobAsked {
  std::string run;
  std::string analysis;  // empty: the run's training
  std::string kind;      // of the analysis, such as "ask"
  v1::Priority priority = v1::NORMAL;
  std::vector<std::string> after;  // runs that must have succeeded before
  std::string sweep;
  Needs needs;
};

// How jobs come into the queue, and how callers end them. Thread-safe.
class Admission {
 public:
  // Both outlive it.
  Admission(Context* context, Dispatcher* dispatcher) : context_(context), dispatcher_(dispatcher) {}

  // Whether `jobs` more jobs of the actor may come into the queue. UNAVAILABLE DRAINING; RESOURCE_EXHAUSTED QUEUE_FULL,
  // WAITING_LIMIT, HIGH_PRIORITY_LIMIT; PERMISSION_DENIED HIGH_PRIORITY_LIMIT. Callers that come together may pass a
  // limit by one another.
  absl::Status CheckAcceptsJobs(const storage::Actor& actor, v1::Priority priority = v1::NORMAL, size_t jobs = 1);
  // Of whatever brings no job.
  absl::Status CheckAcceptsWork();
  // As Queue::CheckPriority.
  absl::Status CheckPriority(const storage::Actor& actor, v1::Priority priority, size_t jobs);
  // A job of the actor's, as it is expected to go; an analysis that is expected to be short, and every question, is for
  // the quick lane. It stands in no queue and in no catalog yet.
  storage::Job NewJob(const storage::Actor& actor, const JobAsked& asked);
  // Once they are QUEUED in the catalog.
  void Enqueue(storage::Job job) { dispatcher_->Enqueue(std::move(job)); }
  void Enqueue(std::vector<storage::Job> jobs) { dispatcher_->Enqueue(std::move(jobs)); }
  // Ends the job whatever its state, on the actor's behalf; never waits for its worker. FAILED_PRECONDITION
  // `ended_reason` when it has ended.
  absl::Status Cancel(const storage::Actor& actor, const std::string& job, const char* ended_reason);

  // Ends the task of a job that the catalog says is CANCELLING.
  void CancelTask(const std::string& job) { dispatcher_->CancelTask(job); }
  // Jobs that wait, as the catalog says, for `run` wait for it no more: to be called after the catalog says so.
  void DependencyDone(const std::string& run) { dispatcher_->DependencyDone(run); }
  // Takes a waiting job out of the queue; empty when it does not wait. Whoever does so enqueues or ends it.
  std::optional<storage::Job> Claim(const std::string& job) { return dispatcher_->Claim(job); }
  // How many trainings of the sweep may run at once; 0: as many as there are slots.
  void LimitSweep(const std::string& sweep, uint32_t trainings) { dispatcher_->LimitSweep(sweep, trainings); }

 private:
  Context* const context_;
  Dispatcher* const dispatcher_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_
