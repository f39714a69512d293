#include "server/engine/training/trainer.h"

#include <cmath>
#include <optional>
#include <utility>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/runtime/error.h"
#include "server/engine/training/adamw.h"
#include "server/engine/training/batched_trainer.h"
#include "server/engine/training/step/flat_parameters.h"
#include "server/engine/training/step/training_step.h"

namespace sumscope::engine {
namespace {

// By the step written by hand.
class CpuTrainer final : public Trainer {
 public:
  CpuTrainer(const TrainSpec& spec, const SourceModel* source)
      : spec_(spec),
        config_(ConfigOf(spec)),
        encoding_(spec.n_digits, spec.format),
        layout_(config_),
        weights_(torch::zeros({layout_.size()}, DtypeOf(spec))),
        gradients_(torch::zeros_like(weights_)),
        by_hand_(step::TrainingStep::Create(config_, encoding_, OperationsOf(spec.operation), spec.batch_size, weights_,
                                            gradients_)),
        optimizer_(spec, {weights_}),
        measure_(spec) {
    state_.weights = layout_.Views(weights_);
    state_.m = layout_.Views(optimizer_.m().front());
    state_.v = layout_.Views(optimizer_.v().front());
    if (spec.grokfast) {
      slow_ = torch::zeros_like(weights_);
      state_.slow = layout_.Views(slow_);
    }
    const NamedTensors initial = InitialWeights(config_, spec.seed, weights_.scalar_type());
    for (size_t i = 0; i < initial.size(); ++i) state_.weights[i].second.copy_(initial[i].second);
    if (source != nullptr) insertion_.emplace(spec.insert_mode, config_, *source, &state_.weights);
  }

  StepMetrics Step() override;
  uint64_t step() const override { return step_; }
  NamedTensors Weights() const override { return state_.Weights(); }
  Model CurrentModel() const override { return {config_, spec_.n_digits, spec_.format, state_.weights, torch::kCPU}; }
  ResumeState Save() const override { return state_.Save(step_); }
  void Restore(const ResumeState& state) override {
    state_.Restore(spec_, state);
    step_ = state.step;
  }
  std::vector<std::string> metric_columns() const override { return measure_.columns(); }

 private:
  void Update();

  const TrainSpec spec_;
  const ModelConfig config_;
  const Encoding encoding_;
  const step::FlatParameters layout_;
  const torch::Tensor weights_, gradients_;  // each parameter is a view
  const std::unique_ptr<step::TrainingStep> by_hand_;
  AdamW optimizer_;
  torch::Tensor slow_;  // GrokFast's e, where there is one
  RunState state_;
  std::optional<Insertion> insertion_;
  const StepMeasure measure_;
  uint64_t step_ = 0;
  Questions batch_;
  std::vector<int64_t> tokens_;
};

StepMetrics CpuTrainer::Step() {
  FillTrainingBatch(spec_, step_, &batch_);
  const auto n_ctx = static_cast<size_t>(encoding_.n_ctx());
  tokens_.resize(batch_.size() * n_ctx);
  for (size_t q = 0; q < batch_.size(); ++q) encoding_.EncodeLine(batch_[q], &tokens_[q * n_ctx]);
  StepMetrics metrics = measure_.Of(batch_, by_hand_->Forward(tokens_.data()).data());
  if (!std::isfinite(metrics.loss)) FailNonFinite(step_);
  by_hand_->Backward();
  Update();
  if (insertion_.has_value()) insertion_->WriteBack(step_);
  ++step_;
  return metrics;
}

void CpuTrainer::Update() {
  const torch::NoGradGuard no_grad;
  torch::Tensor gradients = gradients_;
  if (spec_.grokfast) {
    if (step_ == 0) {
      slow_.copy_(gradients);
    } else {
      slow_.mul_(kGrokFastDecay).add_(gradients, 1 - kGrokFastDecay);
    }
    gradients = gradients.add(slow_, kGrokFastGain);
  }
  optimizer_.Update({gradients}, spec_.learning_rate * ScheduleFactor(spec_.schedule, step_, spec_.steps), step_ + 1);
}

}  // namespace

void Trainer::Advance(uint64_t steps, StepBlock* block) {
  block->first_step = step();
  block->count = 0;
  block->values.clear();
  while (block->count < steps) {
    const std::vector<double> row = Step().Row();
    block->values.insert(block->values.end(), row.begin(), row.end());
    ++block->count;
  }
}

std::unique_ptr<Trainer> Trainer::Create(const TrainSpec& spec, torch::Device device, const SourceModel* source) {
  ValidateSpec(spec);
  RequireDevice(device);
  const bool inserts = spec.insert_mode != InsertMode::kNone;
  if (inserts && source == nullptr) {
    throw Error(ErrorKind::kInvalidArgument, "INIT_FROM_MISSING", "an insert mode needs the weights of a source run");
  }
  if (!inserts) source = nullptr;
  if (!device.is_cpu()) return CreateBatchedTrainer(spec, device, source);
  return std::make_unique<CpuTrainer>(spec, source);
}

}  // namespace sumscope::engine
