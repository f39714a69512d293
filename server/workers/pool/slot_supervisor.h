#ifndef SUMSCOPE_SERVER_WORKERS_POOL_SLOT_SUPERVISOR_H_
#define SUMSCOPE_SERVER_WORKERS_POOL_SLOT_SUPERVISOR_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/limits.h"
#include "server/workers/launch/worker_launcher.h"
#include "server/workers/link/worker_link.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::workers {

struct SlotConfig {
  std::string name;    // cpu0: letters, digits, '-', '_', '.'
  std::string device;  // cpu
  uint32_t threads = 1;
  uint32_t capacity = 1;  // tasks at a time: sumscope-worker runs one
  bool quick = false;     // the quick lane of its device: its worker is launched when it is woken
};

// Maxima of waits and retries; tests shorten them.
struct SupervisionLimits {
  absl::Duration heartbeat_timeout = limits::kHeartbeatTimeout;
  absl::Duration start_timeout = limits::kWorkerStartTimeout;
  absl::Duration cancel_grace = limits::kCancelGrace;
  absl::Duration terminate_grace = limits::kTerminateGrace;
  absl::Duration restart_delay_first = limits::kRestartDelayFirst;
  absl::Duration restart_delay_max = limits::kRestartDelayMax;
  int restart_budget = limits::kRestartBudget;
};

// One slot and the worker on it, as a state machine: told what happened and what time it is (monotonic), it signals the
// process, writes to the link and decides when to launch. It has no thread and never waits.
//
//   ASLEEP (a quick slot, not woken yet) -> STARTING
//   BACKING_OFF or BROKEN -> STARTING (launched) -> IDLE (said hello) <-> BUSY (has tasks)
//   any of these -> BACKING_OFF or BROKEN, when process group and link are both gone
//
// A start that brought a worker to its first task succeeded, however the task ended: jobs have attempts of their
// own. After `restart_budget` starts in a row that did not, the slot is BROKEN: it says so, and tries again at the
// longest delay.
//
// A launch is known by its token and its generation, which is one more than that of the launch before. The pool drops
// what comes of an older generation.
//
// Thread-compatible: the pool holds its mutex around every call.
class SlotSupervisor {
 public:
  SlotSupervisor(SlotConfig config, const SupervisionLimits& limits);

  // The process.
  // From now on a quick slot wants a worker, and keeps one. Other slots want one from the start.
  void Wake() { asleep_ = false; }
  bool WantsLaunch(absl::Duration now) const;
  // To be called when WantsLaunch says so. `server` is what the worker links to, `token` of this launch only. A worker
  // that is pending is STARTING too, and its time to say hello has not begun.
  void Launch(WorkerLauncher* launcher, const std::string& server, const std::string& token, absl::Duration now);
  // The generation of the latest launch; 0 before the first.
  uint64_t generation() const { return generation_; }
  // Looks after the process, and does what is due.
  void Tick(absl::Duration now);
  bool ProcessGone() const { return process_ == nullptr; }
  // Neither process nor link, and none to come before the next launch.
  bool Settled() const { return ProcessGone() && link_ == nullptr; }

  // The link. UNAUTHENTICATED WORKER_REFUSED: not the worker of the latest launch, by its token and generation, or that
  // one for the second time. FAILED_PRECONDITION PROTOCOL_MISMATCH.
  absl::Status Admit(const worker::v1::Hello& hello, WorkerLink* link, absl::Duration now);
  // Brackets a call to the listener: while it lasts the stream is not read and no heartbeat can be seen.
  void BeginDelivery() { delivering_ = true; }
  void EndDelivery(absl::Duration now);
  void Heard(absl::Duration now) { last_heard_ = now; }
  // The link is broken: the process gets `terminate_grace` to end by itself.
  void LinkLost(const absl::Status& failure, absl::Duration now);
  struct LostTask {
    std::string task_id, reason, detail;
  };
  // When ProcessGone after LinkLost: the tasks that went down with the worker, once.
  std::vector<LostTask> TakeLostTasks();
  void DetachLink(absl::Duration now);

  // Tasks, each from Assign until Finish or TakeLostTasks. FAILED_PRECONDITION SLOT_NOT_IDLE.
  bool HasTask(const std::string& task_id) const { return tasks_.count(task_id) > 0; }
  absl::Status Assign(const worker::v1::Task& task, std::optional<TaskTensors> tensors);
  void Acknowledge(const std::string& task_id, uint64_t sequence);
  void Cancel(const std::string& task_id, absl::Duration now);
  void Stop(const std::string& task_id, absl::Duration grace, absl::Duration now);
  // Takes the task from the slot; BecomeIdle then frees the place of the task.
  void Finish(const std::string& task_id);
  // After hello or a finished task: true when the worker can take a task, beside those it has.
  bool BecomeIdle();
  // Ends the worker that is linked; another is launched. `why` is the cause of its end, for people.
  void Restart(const std::string& why, absl::Duration now);
  // Ends the worker; no other is launched.
  void Shutdown(absl::Duration now);

  v1::Slot Describe() const;
  // Of WorkerPool::WhyNoWorker; nullopt where the slot has a worker or is about to get one.
  std::optional<std::string> WhyNoWorker() const;

 private:
  enum class State { kStarting, kIdle, kBusy, kBackingOff, kBroken };
  // When the worker is terminated, and why.
  struct Deadline {
    absl::Duration at = absl::InfiniteDuration();
    std::string reason, detail;
  };

  void PollProcess(absl::Duration now);
  void WatchHealth(absl::Duration now);
  void Escalate(absl::Duration now);
  const Deadline& FirstDeadline() const;
  void ClearDeadlines();
  // Has the worker terminated at the time `by`, unless the task is over before; an earlier deadline stands.
  void SetDeadline(const std::string& task_id, absl::Duration by, std::string detail);
  // Remembers the first cause of the worker's end.
  void Blame(const std::string& reason, const std::string& detail);
  void KillNow();
  // Launched, and waits for a place to run.
  bool Pending() const;
  std::string Detail() const;
  // The worker takes no task any more.
  void Doom();
  // Decides what comes after a worker of which nothing is left.
  void Settle(absl::Duration now);

  const SlotConfig config_;
  const SupervisionLimits limits_;

  State state_ = State::kBackingOff;
  bool asleep_;
  bool shutting_down_ = false;
  int starts_ = 0;           // since the last one that brought a worker to a task
  uint64_t generation_ = 0;  // of the latest launch
  absl::Duration retry_at_;  // of kBackingOff and kBroken
  std::string detail_;       // of the last end, for people, until a worker is ready

  // Of the current worker.
  std::string token_;  // empty once it was used
  v1::Rates rates_;    // empty: not measured, or not to be believed
  bool doomed_ = false;
  bool delivering_ = false;
  std::unique_ptr<WorkerProcess> process_;
  WorkerStatus status_;   // of the process, as it was polled last
  int64_t said_pid_ = 0;  // by hello
  WorkerLink* link_ = nullptr;
  std::map<std::string, Deadline> tasks_;  // by task_id, with the deadline of its cancel or stop
  size_t free_ = 0;                        // places for tasks that may be assigned
  absl::Duration starting_since_;          // launched, or no longer pending
  absl::Duration last_heard_;
  absl::Duration last_tick_;
  Deadline terminate_;  // of the worker itself, whatever tasks it has
  absl::Duration kill_at_ = absl::InfiniteDuration();
  absl::Duration break_link_at_ = absl::InfiniteDuration();
  std::string blame_reason_, blame_detail_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_POOL_SLOT_SUPERVISOR_H_
