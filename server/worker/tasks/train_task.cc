#include "server/worker/tasks/train_task.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/node_names.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/training/schedule.h"
#include "server/engine/training/trainer.h"
#include "server/worker/convert/conversion.h"
#include "server/worker/convert/tensors.h"
#include "server/worker/tasks/guard.h"
#include "server/worker/tasks/metric_buffer.h"

namespace sumscope::worker {
namespace {

constexpr absl::string_view kSourcePrefix = "source.";  // of the source run's weights beside the resume state

absl::Duration ResumeInterval(const v1::TrainTask& task) {
  return task.resume_interval_seconds() > 0 ? absl::Seconds(task.resume_interval_seconds())
                                            : limits::kResumeStateInterval;
}

absl::Status BadResumeState(const std::string& what) {
  return MakeError(absl::StatusCode::kDataLoss, "BAD_RESUME_STATE", absl::StrCat("resume state: ", what));
}

// The tensors that came with a task: a resume state, a source run's weights, both or none.
struct Tensors {
  engine::ResumeState resume;
  engine::NamedTensors source;
};

absl::StatusOr<Tensors> ReadInput(const TaskInput& input) {
  Tensors tensors;
  tensors.resume.step = input.task.train().first_step();
  if (!input.task.has_tensors()) return tensors;
  const bool has_resume = input.tensors.kind() == v1::RESUME_STATE;
  if (!has_resume && input.tensors.kind() != v1::INPUTS) return BadResumeState("tensors of another kind came");
  if (has_resume && input.tensors.step() != tensors.resume.step) {
    return BadResumeState(
        absl::StrCat("expected that of step ", tensors.resume.step, ", got step ", input.tensors.step()));
  }
  absl::StatusOr<engine::NamedTensors> all = ReadTensors(input.tensors, input.tensor_data, "BAD_RESUME_STATE");
  if (!all.ok()) return BadResumeState(std::string(all.status().message()));
  for (auto& [name, tensor] : *all) {
    if (absl::StartsWith(name, kSourcePrefix)) {
      tensors.source.emplace_back(name.substr(kSourcePrefix.size()), tensor);
    } else if (has_resume) {
      tensors.resume.tensors.emplace_back(name, tensor);
    } else {
      return BadResumeState(absl::StrCat("tensor ", name, " belongs to none"));
    }
  }
  return tensors;
}

absl::StatusOr<std::optional<engine::SourceModel>> MakeSourceModel(const v1::TrainTask& task,
                                                                   const engine::TrainSpec& spec,
                                                                   engine::NamedTensors weights) {
  if (spec.insert_mode == engine::InsertMode::kNone || weights.empty()) return std::nullopt;
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec source_spec, ToEngine(task.source_spec()));
  engine::SourceModel source{engine::ConfigOf(source_spec), std::move(weights), {}};
  for (const std::string& node : task.source_nodes()) {
    const std::optional<NodeName> head = ReadNodeName(node);
    if (!head.has_value() || head->kind != NodeName::Kind::kHead) {
      return MakeError(absl::StatusCode::kInvalidArgument, "INIT_FROM_MISMATCH",
                       absl::StrCat("source node ", node, " is no head"));
    }
    source.useful_heads.emplace_back(static_cast<int>(head->layer), static_cast<int>(head->head));
  }
  return source;
}

// One training in progress. Thread-compatible.
class TrainTask {
 public:
  TrainTask(const v1::TrainTask& task, const engine::TrainSpec& spec, const engine::SourceModel* source,
            const TaskContext& context)
      : context_(context),
        spec_(spec),
        stored_checkpoints_(task.have_checkpoints().begin(), task.have_checkpoints().end()),
        resume_interval_(ResumeInterval(task)),
        heldout_(engine::UniformSource(spec.operation, spec.n_digits, engine::kHeldoutQuestions, /*seed=*/0,
                                       engine::Stream::kHeldout)),
        trainer_(engine::Trainer::Create(spec, context.device, source)),
        metrics_(trainer_->metric_columns(), context.clock, context.sink) {}

  absl::Status Restore(const engine::ResumeState& state);
  absl::Status Run();

 private:
  absl::Status TrainToTheEnd();
  absl::Status Advance();
  uint64_t StepsAtOnce() const;
  absl::Status SendCheckpointIfDue();
  absl::Status SendResumeState();

  const TaskContext& context_;
  const engine::TrainSpec spec_;
  const std::set<uint64_t> stored_checkpoints_;
  const absl::Duration resume_interval_;
  const std::unique_ptr<engine::QuestionSource> heldout_;
  const std::unique_ptr<engine::Trainer> trainer_;
  MetricBuffer metrics_;
  engine::StepBlock block_;
  absl::Duration step_time_ = absl::InfiniteDuration();  // mean of the last block; before it, no block is worth more
                                                         // than one step
  uint64_t resume_step_ = 0;  // the step of the resume state that the server has; 0: none, none needed
  absl::Duration resume_sent_ = context_.clock->Monotonic();
};

absl::Status TrainTask::Restore(const engine::ResumeState& state) {
  if (state.tensors.empty()) {
    return state.step == 0 ? absl::OkStatus() : BadResumeState(absl::StrCat("none came for step ", state.step));
  }
  trainer_->Restore(state);
  resume_step_ = state.step;
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
    SUMSCOPE_RETURN_IF_ERROR(Advance());
    SUMSCOPE_RETURN_IF_ERROR(SendCheckpointIfDue());
    if (context_.clock->Monotonic() - resume_sent_ >= resume_interval_) SUMSCOPE_RETURN_IF_ERROR(SendResumeState());
  }
  return absl::OkStatus();
}

// So many that an interruption, a resume state and a flush of metrics are late by a block at most, and none too many
// for the next checkpoint. At least one.
uint64_t TrainTask::StepsAtOnce() const {
  const absl::Duration left = resume_interval_ - (context_.clock->Monotonic() - resume_sent_);
  const double most = absl::FDivDuration(std::min(left, limits::kStepBlockTime), step_time_);
  const auto wanted = static_cast<uint64_t>(std::clamp(most, 1.0, double{limits::kMetricFlushSteps}));
  uint64_t count = 1;
  while (count < wanted && !engine::IsCheckpointStep(trainer_->step() + count, spec_.steps)) ++count;
  return count;
}

absl::Status TrainTask::Advance() {
  const absl::Duration start = context_.clock->Monotonic();
  const absl::Status status = Guarded([&] {
    trainer_->Advance(StepsAtOnce(), &block_);
    return absl::OkStatus();
  });
  const absl::Duration duration = context_.clock->Monotonic() - start;
  SUMSCOPE_RETURN_IF_ERROR(metrics_.Add(block_, duration));
  if (!status.ok()) {
    SUMSCOPE_RETURN_IF_ERROR(metrics_.Flush());  // what came before the step that failed is worth keeping
    return status;
  }
  step_time_ = std::max(duration / static_cast<double>(block_.count), absl::Nanoseconds(1));
  return absl::OkStatus();
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
  const v1::TrainTask& train = input.task.train();
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec spec, ToEngine(train.spec()));
  SUMSCOPE_ASSIGN_OR_RETURN(Tensors tensors, ReadInput(input));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<engine::SourceModel> source,
                            MakeSourceModel(train, spec, std::move(tensors.source)));
  TrainTask task(train, spec, source.has_value() ? &*source : nullptr, context);
  SUMSCOPE_RETURN_IF_ERROR(task.Restore(tensors.resume));
  return task.Run();
}

}  // namespace sumscope::worker
