#include "server/worker/tasks/task.h"

#include <utility>

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "server/engine/device/device.h"
#include "server/worker/tasks/analysis_task.h"
#include "server/worker/tasks/guard.h"
#include "server/worker/tasks/train_task.h"

namespace sumscope::worker {
namespace {

absl::Status RunKind(const TaskInput& input, const TaskContext& context) {
  switch (input.task.kind_case()) {
    case v1::Task::kTrain:
      return RunTrainTask(input, context);
    case v1::Task::kAnalysis:
      return RunAnalysisTask(input, context);
    case v1::Task::KIND_NOT_SET:
      break;
  }
  return MakeError(absl::StatusCode::kUnimplemented, "TASK_UNKNOWN",
                   "this worker does not know this kind of task; is it older than the server?");
}

}  // namespace

absl::Status TaskContext::SendStarted(uint64_t first_step) const {
  v1::WorkerMessage message;
  v1::Started* started = message.mutable_started();
  started->set_first_step(first_step);
  *started->mutable_provenance() = provenance;
  started->mutable_provenance()->set_first_step(first_step);
  return sink->Send(std::move(message));
}

absl::Status TaskContext::SendLog(const std::string& text) const {
  v1::WorkerMessage message;
  message.mutable_log()->set_severity("INFO");
  message.mutable_log()->set_text(text);
  return sink->Send(std::move(message));
}

absl::Status TaskContext::CheckInterrupted() const {
  if (!control->interrupted()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "the task was told to end");
}

v1::Finished RunTask(const TaskInput& input, const Environment& environment, TaskSink* sink) {
  const absl::Status status = Guarded([&]() -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(environment.device));
    Environment own = environment;
    if (input.task.threads() > 0) own.threads = input.task.threads();
    engine::SetThreads(static_cast<int>(own.threads));
    const TaskContext context{device, DescribeProvenance(own), own.clock, input.control.get(), sink};
    return RunKind(input, context);
  });
  return FinishedOf(status, input.control->interruption());
}

}  // namespace sumscope::worker
