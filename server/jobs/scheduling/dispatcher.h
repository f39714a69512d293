#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_

#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/jobs/intake/ingest.h"
#include "server/jobs/scheduling/policy/job_queue.h"
#include "server/jobs/scheduling/policy/plan.h"
#include "server/jobs/scheduling/start_job.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Carries out the plan: gives queued jobs to idle slots, from threads of its own, so that a job whose file is slow
// holds up its slot alone. The catalog decides on every state; what is here is only who waits and who runs where.
// Thread-safe.
class Dispatcher : public SlotObserver {
 public:
  // `context` outlives it.
  Dispatcher(Context* context, Planner planner) : context_(context), planner_(std::move(planner)) {}
  ~Dispatcher() override { Stop(); }

  // `ingest` outlives the threads.
  void Start(Ingest* ingest);

  void Enqueue(storage::Job job);
  void Enqueue(std::vector<storage::Job> jobs);
  // Takes a waiting job out of the queue: it cannot start any more. Empty when it is not waiting.
  std::optional<storage::Job> Claim(const std::string& job);
  // Ends the job's task, now or as soon as its worker has it. To be called after the catalog says so.
  void CancelTask(const std::string& job);
  size_t waiting();
  // Jobs that wait for the run wait for it no more.
  void DependencyDone(const std::string& run);
  // How many trainings of the sweep may run at once; 0: no bound.
  void LimitSweep(const std::string& sweep, uint32_t trainings);

  // Gives no task any more and asks those that run to stop within `grace`.
  void BeginDrain(absl::Duration grace);
  // Waits until no task runs; false after `timeout`.
  bool WaitUntilIdle(absl::Duration timeout);
  // Ends the threads.
  void Stop();
  // For logs and debuggers: who waits, who runs where, which slots are idle.
  std::string DebugString();

  void SlotIdle(const std::string& slot) override;
  void TaskOver(const std::string& job_id, const absl::StatusOr<storage::Job>& job, bool refused) override;

 private:
  // A job with a slot, from its start on.
  struct Active {
    std::string run;
    std::string slot;
    std::string task_id;
    bool assigned = false;              // the pool has it
    bool cancel = false;                // to be cancelled once the pool has it
    bool idle_again = false;            // the slot said idle before the pool had it
    std::optional<storage::Job> again;  // queued anew before this start was over
  };
  struct Work {
    storage::Job job;
    std::string slot;
    bool probes;
  };

  // One of the threads explains waits that nothing ends.
  void Run(bool explains);
  // Zero: TakeWork has something.
  absl::Duration WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the plan starts now, job and slot taken; empty when it starts nothing.
  std::optional<Work> TakeWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Plan PlanNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CarryOut(const Work& work);
  void TaskAssigned(const Work& work, const std::string& task_id);

  // The first job that waits while nothing runs and no slot is idle.
  std::optional<storage::Job> Stuck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says so when no slot has a worker or is about to get one, and takes it back when one is.
  void ExplainWait(const storage::Job& job);
  // The job has its slot no more; `again` goes back into the queue.
  void Release(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Context* const context_;
  const Planner planner_;
  std::optional<JobStarter> starter_;  // set before the threads start
  std::vector<std::thread> threads_;

  Mutex mutex_;
  CondVar changed_;
  JobQueue queue_ ABSL_GUARDED_BY(mutex_);
  Fleet fleet_ ABSL_GUARDED_BY(mutex_);
  const Usage usage_;
  std::map<std::string, Active> active_ ABSL_GUARDED_BY(mutex_);  // by job
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration grace_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_
