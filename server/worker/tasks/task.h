#ifndef SUMSCOPE_SERVER_WORKER_TASKS_TASK_H_
#define SUMSCOPE_SERVER_WORKER_TASKS_TASK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "server/engine/runtime/torch.h"
#include "server/worker/link/task_input.h"
#include "server/worker/link/task_sink.h"
#include "server/worker/machine/environment.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// What a running task works with.
struct TaskContext {
  torch::Device device;
  sumscope::v1::Attempt provenance;
  Clock* clock;
  const TaskControl* control;
  TaskSink* sink;

  absl::Status SendStarted(uint64_t first_step) const;
  absl::Status SendLog(const std::string& text) const;
  // CANCELLED INTERRUPTED when the task was told to end.
  absl::Status CheckInterrupted() const;
};

// Runs a task to its end and says how it ended; every error, exceptions included, becomes part of the answer. The only
// message left to send is `finished` itself. Confined to the worker's main thread.
v1::Finished RunTask(const TaskInput& input, const Environment& environment, TaskSink* sink);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_TASKS_TASK_H_
