#include "server/engine/training/batched_trainer.h"

#include <string>
#include <utility>
#include <vector>

#include "server/engine/training/runs.h"

namespace sumscope::engine {
namespace {

class BatchedTrainer final : public Trainer {
 public:
  BatchedTrainer(const TrainSpec& spec, torch::Device device, const SourceModel* source)
      : runs_({spec}, {source}, device), measure_(spec) {}

  StepMetrics Step() override;
  uint64_t step() const override { return runs_.step(0); }
  void Advance(uint64_t steps, StepBlock* block) override;

  NamedTensors Weights() const override { return runs_.Weights(0); }
  Model CurrentModel() const override { return runs_.CurrentModel(0); }
  ResumeState Save() const override { return runs_.Save(0); }
  void Restore(const ResumeState& state) override { runs_.Restore({state}); }
  std::vector<std::string> metric_columns() const override { return measure_.columns(); }

 private:
  batched::Runs runs_;
  const StepMeasure measure_;
  std::vector<std::vector<StepMetrics>> metrics_;
};

StepMetrics BatchedTrainer::Step() {
  runs_.Advance(1, &metrics_);
  if (runs_.failed_at(0).has_value()) FailNonFinite(step());
  return std::move(metrics_[0].front());
}

void BatchedTrainer::Advance(uint64_t steps, StepBlock* block) {
  block->first_step = step();
  runs_.Advance(steps, &metrics_);
  block->count = metrics_[0].size();
  block->values.clear();
  for (const StepMetrics& metrics : metrics_[0]) {
    const std::vector<double> row = metrics.Row();
    block->values.insert(block->values.end(), row.begin(), row.end());
  }
  if (runs_.failed_at(0).has_value()) FailNonFinite(step());
}

}  // namespace

std::unique_ptr<Trainer> CreateBatchedTrainer(const TrainSpec& spec, torch::Device device, const SourceModel* source) {
  return std::make_unique<BatchedTrainer>(spec, device, source);
}

}  // namespace sumscope::engine
