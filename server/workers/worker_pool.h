#ifndef SUMSCOPE_SERVER_WORKERS_WORKER_POOL_H_
#define SUMSCOPE_SERVER_WORKERS_WORKER_POOL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sumscope/v1/system.pb.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::workers {

// Tensors that go with a task: their list, then their concatenated bytes, read piece by piece while sending. `read` is
// called from a thread of the pool until it has sent all, or the task is over.
struct TaskTensors {
  worker::v1::TensorSetBegin begin;
  uint64_t data_bytes = 0;
  std::function<absl::StatusOr<std::string>(uint64_t offset, uint64_t length)> read;
};

// Hears from the pool. A slot holds a set of tasks, as many as its capacity says (one today), so (slot, task_id) names
// what a call is about. Calls for one slot come one after another, in the order in which things happened; calls for
// different slots may overlap. A listener that blocks in OnMessage holds back that worker only (the stream is not
// read).
class WorkerListener {
 public:
  virtual ~WorkerListener() = default;
  // The slot's worker can take a task, beside those it has: it said hello, or one of its tasks is over.
  virtual void OnIdle(const std::string& slot) = 0;
  // A message of one of the slot's tasks, `finished` included. Also each new worker's hello (without its token and
  // task_id), before its first OnIdle.
  virtual void OnMessage(const std::string& slot, worker::v1::WorkerMessage message) = 0;
  // What the server itself has to say about one of the slot's tasks: WARNING or INFO, for the log of its run.
  virtual void OnNote(const std::string& /*slot*/, const std::string& /*task_id*/, const std::string& /*severity*/,
                      const std::string& /*text*/) {}
  // The worker ended, or its link broke, while it had `task_id`: called once for each task that it had. The process
  // group is gone when this is called. `reason` is UPPER_SNAKE, `detail` for people: WORKER_LOST, HEARTBEAT_LOST,
  // WORKER_KILLED (Cancel or Stop escalated), WORKER_RESTARTED, TENSORS_UNREADABLE (`read` failed), POOL_SHUTDOWN
  // (nobody's failure).
  virtual void OnLost(const std::string& slot, const std::string& task_id, const std::string& reason,
                      const std::string& detail) = 0;
};

// The workers of this server: one process per slot, started, watched, restarted (with back-off and a budget) and ended
// here. Knows nothing of jobs. Thread-safe. No call blocks on a worker.
class WorkerPool {
 public:
  virtual ~WorkerPool() = default;
  // Launches the workers; the listener must outlive Shutdown.
  virtual absl::Status Start(WorkerListener* listener) = 0;
  // Gives a slot a task. FAILED_PRECONDITION SLOT_NOT_IDLE: it has no worker that can take one, or as many tasks as it
  // takes. After OK exactly one of OnMessage(finished) and OnLost follows.
  virtual absl::Status Assign(const std::string& slot, const worker::v1::Task& task,
                              std::optional<TaskTensors> tensors) = 0;
  virtual void Acknowledge(const std::string& slot, const std::string& task_id, uint64_t sequence) = 0;
  // Ends the task: asks, then after limits::kCancelGrace SIGTERM, then SIGKILL to the process group, with which go all
  // tasks of the slot.
  virtual void Cancel(const std::string& slot, const std::string& task_id) = 0;
  // Asks the worker to save its resume state and give the task back (drain). Escalates like Cancel after `grace`.
  virtual void Stop(const std::string& slot, const std::string& task_id, absl::Duration grace) = 0;
  // Launches the worker of a slot that has none before it is needed (the quick lane); else nothing. OnIdle follows.
  virtual void Wake(const std::string& /*slot*/) {}
  // Ends the slot's worker, and with it a task that it has; another is launched. `why`, for people, is the slot's
  // detail until that one is ready. Nothing where the slot has no worker that said hello.
  virtual void Restart(const std::string& slot, const std::string& why) = 0;
  virtual std::vector<v1::Slot> Slots() const = 0;
  // Why no slot has a worker or is about to get one, slot by slot, for people; "" where one has, or is. A start after a
  // failed one is no promise; a launch that waits for its place is, however long it waits.
  virtual std::string WhyNoWorker() const = 0;
  // Ends every worker and joins every thread. Idempotent. No listener call comes after it returned.
  virtual void Shutdown() = 0;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_WORKER_POOL_H_
