#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/scheduling/room.h"
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

// Who holds what the actor holds: the server's account, where there are no users, has a name too.
std::string HolderName(const storage::Actor& actor);
// The job that waits is held no more, and says why it waits.
void LiftHold(storage::Job* waiting);

// How jobs come into the queue, and how callers change and end them there. Thread-safe.
class Admission {
 public:
  // Both outlive it.
  Admission(Context* context, Dispatcher* dispatcher) : context_(context), dispatcher_(dispatcher) {}

  // Room for `jobs` more jobs of the actor, to be given to Enqueue with them. UNAVAILABLE DRAINING; RESOURCE_EXHAUSTED
  // QUEUE_FULL, WAITING_LIMIT, HIGH_PRIORITY_LIMIT; PERMISSION_DENIED HIGH_PRIORITY_LIMIT.
  absl::StatusOr<Room> Reserve(const storage::Actor& actor, v1::Priority priority = v1::NORMAL, size_t jobs = 1);
  // Whether Reserve would refuse; it takes no room.
  absl::Status CheckAcceptsJobs(const storage::Actor& actor, v1::Priority priority = v1::NORMAL, size_t jobs = 1);
  // Of whatever brings no job.
  absl::Status CheckAcceptsWork();
  // As Queue::CheckPriority.
  absl::Status CheckPriority(const storage::Actor& actor, v1::Priority priority, size_t jobs);
  // The same, with room for a job that waits and is about to have that priority, until it has.
  absl::StatusOr<Room> ReservePriority(const storage::Actor& actor, v1::Priority priority);
  // A job of the actor's, as it is expected to go; an analysis that is expected to be short, and every question, is for
  // the quick lane. It stands in no queue and in no catalog yet.
  storage::Job NewJob(const storage::Actor& actor, const JobAsked& asked);
  // Once they are QUEUED in the catalog.
  void Enqueue(storage::Job job, Room room = Room()) { dispatcher_->Enqueue(std::move(job), std::move(room)); }
  void Enqueue(std::vector<storage::Job> jobs, Room room = Room()) {
    dispatcher_->Enqueue(std::move(jobs), std::move(room));
  }
  // Changes a job that waits, in the catalog and for the next plan: `change` is told it, and changes what a plan goes
  // by, or refuses. NOT_FOUND JOB_NOT_FOUND; FAILED_PRECONDITION JOB_STARTED, JOB_ENDED.
  absl::Status ChangeWaiting(const storage::Actor& actor, const std::string& job,
                             absl::FunctionRef<absl::Status(storage::Job* waiting)> change);
  // The actor wants what the job makes as well: if it waits, the hold of another is lifted, and its priority raised to
  // `priority`; to HIGH only by its owner or an admin, within their limits, and else to NORMAL.
  absl::Status Join(const storage::Actor& actor, const std::string& job, v1::Priority priority);
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
  // What Join makes of it, with the room that it has at that priority until it counts by itself.
  Room Hasten(const storage::Actor& actor, v1::Priority priority, storage::Job* waiting);
  // What the actor may have.
  struct Bounds {
    uint32_t waiting = 0;  // 0: no bound
    uint32_t high = 0;     // 0: none
  };
  Bounds BoundsOf(const storage::Actor& actor);
  static absl::Status CheckWaiting(const storage::Actor& actor, const Bounds& bounds, size_t jobs,
                                   const Dispatcher::Counts& counts);
  static absl::Status CheckHigh(const storage::Actor& actor, const Bounds& bounds, v1::Priority priority, size_t jobs,
                                const Dispatcher::Counts& counts);

  Context* const context_;
  Dispatcher* const dispatcher_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_ADMISSION_H_
