#include "server/worker/evaluate_task.h"

#include <memory>
#include <utility>

#include "proto/contract/base/status_macros.h"
#include "proto/contract/limits.h"
#include "server/engine/probing/evaluate.h"
#include "server/worker/conversion.h"
#include "server/worker/guard.h"
#include "server/worker/question_source.h"
#include "server/worker/tensors.h"

namespace sumscope::worker {
namespace {

absl::StatusOr<engine::Model> MakeModel(const TaskInput& input, const engine::TrainSpec& spec, torch::Device device) {
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::NamedTensors tensors,
                            ReadTensors(input.tensors, input.tensor_data, "WEIGHTS_INVALID"));
  const engine::ModelConfig config = engine::ConfigOf(spec);
  const torch::ScalarType dtype = spec.precision == engine::Precision::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  return engine::Model{config, spec.n_digits, spec.format, engine::CheckedWeights(config, tensors, device, dtype),
                       device};
}

// Tells the server how far the analysis is and the engine whether to go on.
class ProgressReporter {
 public:
  explicit ProgressReporter(const TaskContext& context) : context_(context) {}

  bool Report(double fraction) {
    if (context_.control->interrupted() || !link_.ok()) return false;
    const absl::Duration now = context_.clock->Monotonic();
    if (now - last_ < limits::kProgressInterval) return true;
    last_ = now;
    v1::WorkerMessage message;
    message.mutable_analysis_progress()->set_fraction(fraction);
    link_ = context_.sink->Send(std::move(message));
    return link_.ok();
  }
  const absl::Status& link() const { return link_; }

 private:
  const TaskContext& context_;
  absl::Duration last_ = context_.clock->Monotonic();
  absl::Status link_;
};

}  // namespace

absl::Status RunEvaluateTask(const TaskInput& input, const TaskContext& context) {
  const v1::AnalysisTask& task = input.task.analysis();
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec spec, ToEngine(task.spec()));
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::Model model, MakeModel(input, spec, context.device));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::unique_ptr<engine::QuestionSource> source,
                            MakeSource(task.question_set(), task.spec(), /*uploaded_text=*/""));
  SUMSCOPE_RETURN_IF_ERROR(context.SendStarted(/*first_step=*/0));

  ProgressReporter progress(context);
  engine::EvaluateResult result;
  const absl::Status status = Guarded([&] {
    result = engine::Evaluate(model, *source, ToEngine(task.request().evaluate()),
                              [&progress](double fraction) { return progress.Report(fraction); });
    return absl::OkStatus();
  });
  SUMSCOPE_RETURN_IF_ERROR(progress.link());
  SUMSCOPE_RETURN_IF_ERROR(status);

  v1::WorkerMessage message;
  *message.mutable_analysis_result()->mutable_evaluate() =
      FromEngine(result, {spec.n_digits, spec.format, task.question_set().has_stratified()});
  SUMSCOPE_RETURN_IF_ERROR(context.sink->Send(std::move(message)));
  return context.sink->WaitUntilAcknowledged();
}

}  // namespace sumscope::worker
