#ifndef SUMSCOPE_SERVER_WORKER_TASKS_ANALYSIS_TASK_H_
#define SUMSCOPE_SERVER_WORKER_TASKS_ANALYSIS_TASK_H_

#include "absl/status/status.h"
#include "server/worker/tasks/task.h"

namespace sumscope::worker {

// One analysis on the weights in input.tensors, in the precision of the spec. Sends started, progress at most every
// limits::kProgressInterval, of a kind that keeps a state that (StateKeeper), and the result; OK once that is
// committed.
//
// CANCELLED when interrupted; INVALID_ARGUMENT WEIGHTS_INVALID, SPEC_INCOMPLETE, QUESTION_SET_MISSING or what the
// engine says; UNIMPLEMENTED ANALYSIS_UNKNOWN; UNAVAILABLE LINK_LOST. Exceptions of the engine pass through.
absl::Status RunAnalysisTask(const TaskInput& input, const TaskContext& context);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_TASKS_ANALYSIS_TASK_H_
