#include "server/worker/train_task.h"

#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/limits.h"
#include "server/engine/probing/evaluate.h"
#include "server/engine/training/schedule.h"
#include "server/engine/training/trainer.h"
#include "server/worker/conversion.h"
#include "server/worker/guard.h"
#include "server/worker/metric_buffer.h"
#include "server/worker/tensors.h"

namespace sumscope::worker {
namespace {

absl::Duration ResumeInterval(const v1::TrainTask& task) {
  return task.resume_interval_seconds() > 0 ? absl::Seconds(task.resume_interval_seconds())
                                            : limits::kResumeStateInterval;
}

absl::Status BadResumeState(const std::string& what) {
  return MakeError(absl::StatusCode::kDataLoss, "BAD_RESUME_STATE", absl::StrCat("resume state: ", what));
}

// One training in progress. Thread-compatible.
class TrainTask {
 public:
  TrainTask(const v1::TrainTask& task, const engine::TrainSpec& spec, const TaskContext& context)
      : context_(context),
        spec_(spec),
        stored_checkpoints_(task.have_checkpoints().begin(), task.have_checkpoints().end()),
        resume_interval_(ResumeInterval(task)),
        heldout_(engine::UniformSource(spec.operation, spec.n_digits, engine::kHeldoutQuestions, /*seed=*/0,
                                       engine::Stream::kHeldout)),
        trainer_(engine::Trainer::Create(spec, context.device)),
        metrics_(trainer_->metric_columns(), context.clock, context.sink) {}

  absl::Status Restore(const TaskInput& input);
  absl::Status Run();

 private:
  absl::Status TrainToTheEnd();
  absl::Status Step();
  absl::Status SendCheckpointIfDue();
  absl::Status SendResumeState();

  const TaskContext& context_;
  const engine::TrainSpec spec_;
  const std::set<uint64_t> stored_checkpoints_;
  const absl::Duration resume_interval_;
  const std::unique_ptr<engine::QuestionSource> heldout_;
  const std::unique_ptr<engine::Trainer> trainer_;
  MetricBuffer metrics_;
  uint64_t resume_step_ = 0;  // the step of the resume state that the server has; 0: none, none needed
  absl::Duration resume_sent_ = context_.clock->Monotonic();
};

absl::Status TrainTask::Restore(const TaskInput& input) {
  const uint64_t first_step = input.task.train().first_step();
  if (!input.task.has_tensors()) {
    return first_step == 0 ? absl::OkStatus() : BadResumeState(absl::StrCat("none came for step ", first_step));
  }
  if (input.tensors.step() != first_step || input.tensors.kind() != v1::RESUME_STATE) {
    return BadResumeState(absl::StrCat("expected that of step ", first_step, ", got step ", input.tensors.step()));
  }
  const absl::StatusOr<engine::NamedTensors> tensors =
      ReadTensors(input.tensors, input.tensor_data, "BAD_RESUME_STATE");
  if (!tensors.ok()) return BadResumeState(std::string(tensors.status().message()));
  trainer_->Restore({first_step, *tensors});
  resume_step_ = first_step;
  return absl::OkStatus();
}

absl::Status TrainTask::Run() {
  SUMSCOPE_RETURN_IF_ERROR(context_.SendStarted(trainer_->step()));
  SUMSCOPE_RETURN_IF_ERROR(context_.SendLog(
      absl::StrCat("training from step ", trainer_->step(), " to ", spec_.steps, " on ", context_.provenance.device(),
                   ", ", context_.provenance.threads(), " threads, ", context_.provenance.isa_level())));
  const absl::Status status = TrainToTheEnd();
  if (!status.ok() && !absl::IsCancelled(status)) return status;
  SUMSCOPE_RETURN_IF_ERROR(metrics_.Flush());
  SUMSCOPE_RETURN_IF_ERROR(SendResumeState());
  SUMSCOPE_RETURN_IF_ERROR(status);
  return context_.sink->WaitUntilAcknowledged();
}

absl::Status TrainTask::TrainToTheEnd() {
  SUMSCOPE_RETURN_IF_ERROR(SendCheckpointIfDue());
  while (trainer_->step() < spec_.steps) {
    SUMSCOPE_RETURN_IF_ERROR(context_.CheckInterrupted());
    SUMSCOPE_RETURN_IF_ERROR(Step());
    SUMSCOPE_RETURN_IF_ERROR(SendCheckpointIfDue());
    if (context_.clock->Monotonic() - resume_sent_ >= resume_interval_) SUMSCOPE_RETURN_IF_ERROR(SendResumeState());
  }
  return absl::OkStatus();
}

absl::Status TrainTask::Step() {
  const uint64_t step = trainer_->step();
  const absl::Duration start = context_.clock->Monotonic();
  engine::StepMetrics measured;
  const absl::Status status = Guarded([&] {
    measured = trainer_->Step();
    return absl::OkStatus();
  });
  if (!status.ok()) {
    SUMSCOPE_RETURN_IF_ERROR(metrics_.Flush());  // what came before the step that failed is worth keeping
    return status;
  }
  return metrics_.Add(step, trainer_->Row(measured), context_.clock->Monotonic() - start);
}

absl::Status TrainTask::SendCheckpointIfDue() {
  const uint64_t step = trainer_->step();
  if (!engine::IsCheckpointStep(step, spec_.steps) || stored_checkpoints_.count(step) > 0) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(metrics_.Flush());
  // An interruption leaves the checkpoint to whoever goes on from the resume state of this step.
  std::optional<double> loss;
  SUMSCOPE_RETURN_IF_ERROR(Guarded([&] {
    loss = engine::HeldoutLoss(trainer_->CurrentModel(), *heldout_,
                               [this](double) { return !context_.control->interrupted(); });
    return absl::OkStatus();
  }));
  if (!std::isfinite(*loss)) loss.reset();  // the next step fails and says so
  return SendTensorSet(v1::WEIGHTS, step, trainer_->Weights(), loss, context_.sink);
}

absl::Status TrainTask::SendResumeState() {
  if (trainer_->step() == resume_step_) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(metrics_.Flush());
  const engine::ResumeState state = trainer_->Save();
  SUMSCOPE_RETURN_IF_ERROR(
      SendTensorSet(v1::RESUME_STATE, state.step, state.tensors, /*heldout_loss=*/std::nullopt, context_.sink));
  resume_step_ = state.step;
  resume_sent_ = context_.clock->Monotonic();
  return absl::OkStatus();
}

}  // namespace

absl::Status RunTrainTask(const TaskInput& input, const TaskContext& context) {
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec spec, ToEngine(input.task.train().spec()));
  TrainTask task(input.task.train(), spec, context);
  SUMSCOPE_RETURN_IF_ERROR(task.Restore(input));
  return task.Run();
}

}  // namespace sumscope::worker
