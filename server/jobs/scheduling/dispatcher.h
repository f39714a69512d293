#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/jobs/intake/ingest.h"
#include "server/jobs/scheduling/queue.h"
#include "server/jobs/state/context.h"
#include "server/jobs/tasks/task_builder.h"

namespace sumscope::jobs {

// Gives queued jobs to idle slots, from threads of its own, so that a job whose file is slow holds up its slot alone.
// The catalog decides on every state; what is here is only who waits and who runs where. Thread-safe.
//
// When its storage refuses a job for now, all jobs of that run wait, for they would meet the same file: one of them
// probes, with a back-off of the run's own, and looks whether the file can be written, too. Others go meanwhile, and
// after every probe one that was not tried yet. Where the refusal is everybody's (the catalog, a full disk, no
// descriptors), nobody is tried for a moment.
class Dispatcher : public SlotObserver {
 public:
  // `context` outlives it.
  Dispatcher(Context* context, std::unique_ptr<QueuePolicy> policy);
  ~Dispatcher() override { Stop(); }

  // `ingest` outlives the threads.
  void Start(Ingest* ingest);

  void Enqueue(storage::Job job);
  // Takes a waiting job out of the queue: it cannot start any more. Empty when it is not waiting.
  std::optional<storage::Job> Claim(const std::string& job);
  // Ends the job's task, now or as soon as its worker has it. To be called after the catalog says so.
  void CancelTask(const std::string& job);
  size_t waiting();

  // Gives no task any more and asks those that run to stop within `grace`.
  void BeginDrain(absl::Duration grace);
  // Waits until no task runs; false after `timeout`.
  bool WaitUntilIdle(absl::Duration timeout);
  // Ends the threads.
  void Stop();

  void SlotIdle(const std::string& slot) override;
  void TaskOver(const std::string& job_id, const absl::StatusOr<storage::Job>& job, bool refused) override;

 private:
  struct Active {
    std::string run;
    std::string slot;
    std::string task_id;
    bool assigned = false;              // the pool has it
    bool cancel = false;                // to be cancelled once the pool has it
    bool idle_again = false;            // the slot said idle before the pool had it
    std::optional<storage::Job> again;  // queued anew before this start was over
  };
  // A run whose storage refused.
  struct Refused {
    FifoPolicy jobs;
    std::string probe;  // the job that tries now, "" for none
    absl::Duration not_before, back_off;
  };
  // One of the threads explains waits that nothing ends.
  void Run(bool explains);
  // Zero: a job can be given now.
  absl::Duration WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next job with its slot, both taken; empty when none may start now.
  std::optional<std::pair<storage::Job, std::string>> TakeWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next job of a run that nothing is known against; the others join those that wait for their run.
  std::optional<storage::Job> TakeUntried(const std::string& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A job of the run that is due longest.
  std::optional<storage::Job> TakeProbe() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes the job wait with all of its run; the run is tried again at its time.
  void PutOff(const storage::Job& job, absl::Duration longest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets the run's jobs back into their places.
  void Readmit(const std::string& run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The first job that waits while nothing runs and no slot is idle.
  std::optional<storage::Job> Stuck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says so when no slot can run a worker.
  void ExplainWait(const storage::Job& job);
  // Records why the job waits on; returns it with that reason, or as it is when the catalog does not take it.
  storage::Job ShowReason(const storage::Job& job, const std::string& reason, const std::string& detail);

  // One start of a job.
  void Give(const storage::Job& job, const std::string& slot);
  absl::StatusOr<Target> RecordStart(const std::string& job, const std::string& slot,
                                     std::optional<uint64_t> log_entries);
  void HandOver(const storage::Job& job, const std::string& slot, Assignment assignment);
  // The ways in which it does not come about; the slot is idle again.
  void NotTaken(const storage::Job& job, const std::shared_ptr<storage::RunFile>& file, const absl::Status& status);
  void Refuse(const storage::Job& job, const absl::Status& status);
  void Drop(const Target& target);
  // `shared`: others would fare no better now.
  void TryLater(const storage::Job& job, const absl::Status& why, bool shared);
  // Whatever became of the start is over; `again` goes back into the queue.
  void Free(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle);
  void FreeLocked(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // OK unless the job probes and its file cannot be written now: nothing is computed that cannot be stored.
  absl::Status CheckProbe(const storage::Job& job, storage::RunFile* file);

  Context* const context_;
  Ingest* ingest_ = nullptr;  // set before the threads start
  std::vector<std::thread> threads_;

  Mutex mutex_;
  CondVar changed_;
  const std::unique_ptr<QueuePolicy> policy_ ABSL_PT_GUARDED_BY(mutex_);
  std::set<std::string> idle_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Active> active_ ABSL_GUARDED_BY(mutex_);  // by job
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration grace_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Refused> refused_ ABSL_GUARDED_BY(mutex_);  // by run
  bool probed_ ABSL_GUARDED_BY(mutex_) = false;                     // the last job that was taken
  // Of everybody.
  absl::Duration not_before_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  absl::Duration back_off_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_
