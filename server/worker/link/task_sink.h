#ifndef SUMSCOPE_SERVER_WORKER_LINK_TASK_SINK_H_
#define SUMSCOPE_SERVER_WORKER_LINK_TASK_SINK_H_

#include <atomic>

#include "absl/status/status.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// Where the messages of the running task go. Called by the thread that runs the task.
class TaskSink {
 public:
  virtual ~TaskSink() = default;
  // Hands over a message; the sink adds task id and sequence. Returns at once unless too much is on its way.
  // UNAVAILABLE LINK_LOST: the server is gone, give up.
  virtual absl::Status Send(v1::WorkerMessage message) = 0;
  // Waits until the server has committed all that was sent. UNAVAILABLE LINK_LOST; CANCELLED INTERRUPTED when the task
  // is cancelled meanwhile.
  virtual absl::Status WaitUntilAcknowledged() = 0;
};

// In the order of precedence: a cancelled task stays cancelled when the worker is told to stop as well.
enum class Interruption { kNone, kStop, kCancel };

// Tells a running task to end early; it looks at every step and every batch. Thread-safe.
class TaskControl {
 public:
  void Interrupt(Interruption interruption) {
    Interruption seen = interruption_.load();
    while (seen < interruption && !interruption_.compare_exchange_weak(seen, interruption)) {
    }
  }
  Interruption interruption() const { return interruption_.load(); }
  bool interrupted() const { return interruption() != Interruption::kNone; }

 private:
  std::atomic<Interruption> interruption_{Interruption::kNone};
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_LINK_TASK_SINK_H_
