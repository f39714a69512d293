#ifndef SUMSCOPE_SERVER_WORKER_LINK_TASK_INPUT_H_
#define SUMSCOPE_SERVER_WORKER_LINK_TASK_INPUT_H_

#include <memory>
#include <string>

#include "server/worker/link/task_sink.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// One task with its input tensors' bytes, and how to interrupt it.
struct TaskInput {
  v1::Task task;
  v1::TensorSetBegin tensors;  // empty without task.has_tensors
  std::string tensor_data;
  std::shared_ptr<TaskControl> control;  // shared: the link's reader interrupts what the worker's thread runs
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_LINK_TASK_INPUT_H_
