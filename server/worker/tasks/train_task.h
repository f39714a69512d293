#ifndef SUMSCOPE_SERVER_WORKER_TASKS_TRAIN_TASK_H_
#define SUMSCOPE_SERVER_WORKER_TASKS_TRAIN_TASK_H_

#include "absl/status/status.h"
#include "server/worker/tasks/task.h"

namespace sumscope::worker {

// Trains input.task.train() from its first step, or on from the resume state in input.tensors, to its end. With an
// insert mode the source run's weights come as source.<name>: beside the resume state, or alone (INPUTS).
//
// What is sent, in this order: started; every step's metrics in blocks; weights at every checkpoint step that the
// server does not have, with their held-out loss; the resume state at its interval and at the end, also an early one.
// Whatever a tensor set's step implies (the metrics of all steps before it) is sent before it. OK once all of that is
// committed.
//
// CANCELLED when interrupted, with the resume state sent; OUT_OF_RANGE NON_FINITE_LOSS naming the step, with the
// metrics before it sent; INVALID_ARGUMENT SPEC_INCOMPLETE or what the engine says of a spec; DATA_LOSS
// BAD_RESUME_STATE; UNAVAILABLE LINK_LOST. Exceptions of the engine pass through.
absl::Status RunTrainTask(const TaskInput& input, const TaskContext& context);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_TASKS_TRAIN_TASK_H_
