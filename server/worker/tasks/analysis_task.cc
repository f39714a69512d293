#include "server/worker/tasks/analysis_task.h"

#include <memory>
#include <string>
#include <utility>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/conversion.h"
#include "server/worker/convert/question_source.h"
#include "server/worker/convert/tensors.h"
#include "server/worker/link/state_keeper.h"
#include "server/worker/tasks/guard.h"

namespace sumscope::worker {
namespace {

// What came with the task.
struct Inputs {
  engine::NamedTensors weights;
  torch::Tensor metrics;
  std::string questions;  // of an uploaded set
};

absl::StatusOr<Inputs> ReadInputs(const TaskInput& input) {
  SUMSCOPE_ASSIGN_OR_RETURN(engine::NamedTensors tensors,
                            ReadTensors(input.tensors, input.tensor_data, "WEIGHTS_INVALID"));
  Inputs inputs;
  for (auto& [name, tensor] : tensors) {
    if (name == "metrics") {
      inputs.metrics = tensor;
    } else if (name == "questions") {
      inputs.questions.assign(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
    } else {
      inputs.weights.emplace_back(name, tensor);
    }
  }
  return inputs;
}

engine::Model MakeModel(const engine::NamedTensors& weights, const engine::TrainSpec& spec, torch::Device device) {
  const engine::ModelConfig config = engine::ConfigOf(spec);
  const torch::ScalarType dtype = spec.precision == engine::Precision::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  return {config, spec.n_digits, spec.format, engine::CheckedWeights(config, weights, device, dtype), device};
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

AnalysisOutcome RunOne(const AnalysisInput& input) {
  if (const RunAnalysis run = FindAnalysis(KindOf(input.request()).name())) return run(input);
  return MakeError(absl::StatusCode::kUnimplemented, "ANALYSIS_UNKNOWN", "this worker does not know the analysis");
}

bool TakesQuestions(const v1::AnalysisTask& task) {
  const QuestionRules::Takes takes = KindOf(task.request()).Rules(task.spec(), task.request()).takes;
  return takes == QuestionRules::Takes::kQuestions || takes == QuestionRules::Takes::kOneQuestion;
}

}  // namespace

absl::Status RunAnalysisTask(const TaskInput& input, const TaskContext& context) {
  const v1::AnalysisTask& task = input.task.analysis();
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec spec, ToEngine(task.spec()));
  SUMSCOPE_ASSIGN_OR_RETURN(Inputs inputs, ReadInputs(input));
  // The model has copies: large weights need not lie here too.
  const engine::Model model = MakeModel(std::exchange(inputs.weights, {}), spec, context.device);
  std::unique_ptr<engine::QuestionSource> source;
  if (TakesQuestions(task)) {
    SUMSCOPE_ASSIGN_OR_RETURN(source, MakeSource(task.question_set(), task.spec(), inputs.questions));
  }
  SUMSCOPE_RETURN_IF_ERROR(context.SendStarted(/*first_step=*/0));

  ProgressReporter reporter(context);
  const engine::ProgressFn progress = [&reporter](double fraction) { return reporter.Report(fraction); };
  StateKeeper keeper(task, context.provenance, context.clock, context.sink);
  const AnalysisInput own{task, model, source.get(), inputs.metrics, progress, context.sink, &keeper};
  v1::WorkerMessage message;
  const absl::Status status = Guarded([&]() -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(*message.mutable_analysis_result(), RunOne(own));
    return absl::OkStatus();
  });
  SUMSCOPE_RETURN_IF_ERROR(reporter.link());
  SUMSCOPE_RETURN_IF_ERROR(keeper.link());
  SUMSCOPE_RETURN_IF_ERROR(status);
  SUMSCOPE_RETURN_IF_ERROR(
      CheckResultSize(task.request(), task.question_set(), message.analysis_result().ByteSizeLong()));
  SUMSCOPE_RETURN_IF_ERROR(context.sink->Send(std::move(message)));
  return context.sink->WaitUntilAcknowledged();
}

}  // namespace sumscope::worker
