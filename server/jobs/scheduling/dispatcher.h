#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/intake/ingest.h"
#include "server/jobs/scheduling/policy/job_queue.h"
#include "server/jobs/scheduling/policy/plan.h"
#include "server/jobs/scheduling/room.h"
#include "server/jobs/scheduling/slot_table.h"
#include "server/jobs/scheduling/start_job.h"
#include "server/jobs/scheduling/user_shares.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Carries out the plan: gives queued jobs to idle slots and asks trainings to give way, from threads of its own, so
// that a job whose file is slow holds up its slot alone. The catalog decides on every state; what is here is only who
// waits and who runs where. One more thread looks after what changes by itself: devices, users, what is charged, jobs
// that wait for a worker that does not come. Thread-safe.
class Dispatcher : public SlotObserver {
 public:
  // `context` outlives it.
  explicit Dispatcher(Context* context) : context_(context), users_(context) {}
  ~Dispatcher() override { Stop(); }

  // `ingest` outlives the threads. `came` is told, about once a second, the jobs that have come into the queue; from
  // one thread, without a lock.
  using Came = std::function<void(const std::set<std::string>& jobs)>;
  void Start(Ingest* ingest, Came came);

  // `room` was taken for them.
  void Enqueue(storage::Job job, Room room = Room());
  void Enqueue(std::vector<storage::Job> jobs, Room room = Room());
  // Takes a waiting job out of the queue: it cannot start any more. Empty when it is not waiting.
  std::optional<storage::Job> Claim(const std::string& job);
  // Makes a waiting job what the catalog says by now; one that is about to start, if it comes back.
  void ChangeWaiting(const std::string& job, std::function<void(storage::Job* job)> change);
  // Ends the job's task, now or as soon as its worker has it. To be called after the catalog says so.
  void CancelTask(const std::string& job);
  size_t waiting();
  // Jobs that wait or have a slot, with those that room is taken for.
  struct Counts {
    size_t all_waiting = 0;  // everybody's
    size_t waiting = 0;      // one user's
    size_t high = 0;         // of these, waiting or with a slot, with priority HIGH
  };
  Counts CountsOf(const std::string& owner);
  // Takes room for so many jobs of the owner that are about to wait, and so many that are about to have priority HIGH,
  // unless `check`, which is told what counts without them, has an error. It is called under the lock of the queue: it
  // is to be quick, and to call nothing here.
  absl::StatusOr<Room> Reserve(const std::string& owner, size_t waiting, size_t high,
                               absl::FunctionRef<absl::Status(const Counts& counts)> check);
  // Jobs that wait for the run wait for it no more.
  void DependencyDone(const std::string& run);
  // How many trainings of the sweep may run at once; 0: no bound.
  void LimitSweep(const std::string& sweep, uint32_t trainings);
  UserShares& users() { return users_; }
  // As SlotTable::MostThreads.
  uint32_t MostThreads();

  // Calls `look` with how things stand, under the lock of the queue: `running` are the jobs that have a slot, each in
  // its `slot`. It is to be quick, and to call nothing here.
  void Look(absl::FunctionRef<void(const Situation& situation, const std::vector<storage::Job>& running)> look);
  // Grows with every change of what Look shows.
  uint64_t changes();

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
  friend class Room;
  using Change = std::function<void(storage::Job* job)>;
  // A job with a slot, from its start on.
  struct Active {
    storage::Job job;  // as it was taken
    std::string slot;
    absl::Duration since;
    std::string task_id;
    bool assigned = false;                // the pool has it
    bool cancel = false;                  // to be cancelled once the pool has it
    std::optional<AskedStops::Why> stop;  // to be stopped once the pool has it, or told so already
    bool has_company = false;             // of others on its device
    bool idle_again = false;              // the slot said idle before the pool had it
    std::optional<storage::Job> again;    // queued anew before this start was over
    std::vector<Change> changes;          // while it was about to start
  };
  struct Work {
    storage::Job job;
    std::string slot, device;
    bool probes;
  };
  // A task that the pool is to be asked to stop.
  struct Stopping {
    std::string slot, task_id;
    absl::Duration grace;
  };
  struct Step {
    std::optional<Work> start;
    std::optional<Stopping> stop;
    std::string wake;  // a slot
  };

  // carrying_out.cc: from the plan to the pool.
  void Run();
  // What the plan wants now, noted as done; empty when it wants nothing.
  std::optional<Step> NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Step> TakeStart(const Plan::Start& start) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Empty: the pool need not be asked, or not yet.
  std::optional<Stopping> GiveWay(Active* active, AskedStops::Why why, absl::Duration grace)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopTask(const Stopping& stopping) { context_->pool->Stop(stopping.slot, stopping.task_id, stopping.grace); }
  void CarryOut(const Work& work);
  // False: its device is closed as of now, and the job is back in the queue.
  bool IsOpen(const Work& work);
  void TaskAssigned(const Work& work, const std::string& task_id);
  // A quick slot that sleeps, where a quick job could start and none that is awake will take it soon; "" for none.
  std::string SlotToWake(const Fleet& fleet) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The job has its slot no more; `again` goes back into the queue.
  void Release(const std::string& job, std::optional<storage::Job> again, bool slot_is_idle)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Something has changed that a plan goes by.
  void Changed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Fleet FleetNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Put(storage::Job job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Counts CountNow(const std::string& owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveBack(Room* room) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // tending.cc: what changes by itself.
  void Tend(absl::Duration begin);
  void TellWhoCame();
  void LookAtSlots();
  // Trainings whose device others came to use, if they are to give way, and all whose device is gone.
  std::vector<Stopping> LeaveDevices() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Jobs that go on while others have come to their device, or have left it, since the last look.
  struct Company {
    std::string job, run;
    std::string detail;  // who; empty: they have left
  };
  std::vector<Company> NewCompany() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says so in the job's state, which is an event of its run; best effort.
  void NoteCompany(const Company& company);
  // The first job that waits while nothing runs and no slot is idle.
  std::optional<storage::Job> Stuck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says so when no slot has a worker or is about to get one, and takes it back when one is.
  void ExplainNoWorker(const storage::Job& job);

  Context* const context_;
  UserShares users_;
  std::optional<JobStarter> starter_;  // set before the threads start
  Came came_;                          // the same
  std::vector<std::thread> threads_;

  Mutex mutex_;
  CondVar changed_, tend_;
  JobQueue queue_ ABSL_GUARDED_BY(mutex_);
  SlotTable slots_ ABSL_GUARDED_BY(mutex_);
  SweepLimits sweeps_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Counts> reserved_ ABSL_GUARDED_BY(mutex_);  // by owner: what room is taken for
  std::set<std::string> owners_ ABSL_GUARDED_BY(mutex_);            // of jobs that came
  std::map<std::string, Active> active_ ABSL_GUARDED_BY(mutex_);    // by job
  std::set<std::string> came_jobs_ ABSL_GUARDED_BY(mutex_);         // that came_ was not told of
  std::set<std::string> woken_ ABSL_GUARDED_BY(mutex_);             // quick slots
  bool plan_due_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Duration look_again_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration grace_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_DISPATCHER_H_
