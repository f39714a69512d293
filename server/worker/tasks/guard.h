#ifndef SUMSCOPE_SERVER_WORKER_TASKS_GUARD_H_
#define SUMSCOPE_SERVER_WORKER_TASKS_GUARD_H_

#include <functional>

#include "absl/status/status.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// Runs `body` and turns whatever the engine or LibTorch throws into a Status with a reason. The one place where the
// worker catches exceptions.
//   engine::Error: INVALID_ARGUMENT, OUT_OF_RANGE (not finite), CANCELLED, DATA_LOSS (corrupt), INTERNAL; its own
//   reason,
//                  but every WEIGHTS_.. is WEIGHTS_INVALID
//   no memory:     RESOURCE_EXHAUSTED OUT_OF_MEMORY
//   anything else: UNKNOWN LIBTORCH_ERROR or UNEXPECTED_EXCEPTION
absl::Status Guarded(const std::function<absl::Status()>& body);

// How a task whose body returned `status` ended. An interrupted body (CANCELLED) ended as it was told to.
// UNAVAILABLE and UNKNOWN are worth another attempt; a task that found no memory finds none the next time.
v1::Finished FinishedOf(const absl::Status& status, Interruption interruption);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_TASKS_GUARD_H_
