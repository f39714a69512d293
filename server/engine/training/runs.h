#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_RUNS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_RUNS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "server/engine/model/transformer.h"
#include "server/engine/runtime/replay.h"
#include "server/engine/training/batched/step.h"
#include "server/engine/training/block.h"
#include "server/engine/training/insertion.h"
#include "server/engine/training/run_state.h"
#include "server/engine/training/step_metrics.h"

namespace sumscope::engine::batched {

// Trains several runs of one shape as one, on any device; a run alone is a group of one.
//
// One step (losses, gradients, optimiser, and where its numbers come from and go to) is one piece of work that is
// replayed: it reads its questions from a ring on the device and leaves its losses in another, so that the device is
// waited for once in a block of steps. The questions are drawn on the host, a block ahead and while the device works:
// by the very code that the CPU trains with, where Philox of tensor operations would be a hundred more launches a step.
//
// Each run has its own weights, questions, learning rate and end: a run whose loss is not finite stops, the others go
// on. To take a run out, make a new group of the others' states. Thread-compatible.
class Runs {
 public:
  // At step 0. sources[i] as Trainer::Create's, null where specs[i] does not insert. Throws kInvalidArgument: what
  // ValidateSpec and Insertion throw, and RUNS_DIFFER where two specs differ in what a group must share: operation,
  // digits, format, layers, heads, widths, steps, batch_size, grokfast or precision.
  Runs(const std::vector<TrainSpec>& specs, const std::vector<const SourceModel*>& sources, torch::Device device);
  Runs(const Runs&) = delete;

  size_t count() const { return specs_.size(); }
  uint64_t step(size_t run) const { return failed_at_[run].value_or(step_); }  // steps done

  // So many steps of every run. metrics[run] becomes the steps' metrics in order, fewer where the run's loss was not
  // finite: then failed_at(run) is the step that it had in, which has changed nothing of the run.
  void Advance(uint64_t steps, std::vector<std::vector<StepMetrics>>* metrics);
  std::optional<uint64_t> failed_at(size_t run) const { return failed_at_[run]; }

  NamedTensors Weights(size_t run) const { return states_[run].Weights(); }
  Model CurrentModel(size_t run) const;  // shares the weights
  ResumeState Save(size_t run) const { return states_[run].Save(step(run)); }
  // One state per run, all of one step. Throws kCorrupt (BAD_RESUME_STATE); runs before the bad one are restored then.
  void Restore(const std::vector<ResumeState>& states);

 private:
  void StepOnce();
  void Update(const StepInputs& inputs);
  // Up to so many steps, as far as the block goes; says how many.
  uint64_t AdvanceInBlock(uint64_t steps, std::vector<std::vector<StepMetrics>>* metrics);
  void Measure(uint64_t first, const torch::Tensor& losses, std::vector<std::vector<StepMetrics>>* metrics);

  const std::vector<TrainSpec> specs_;
  const ModelConfig config_;
  const torch::Device device_;
  const torch::Tensor weights_, gradients_, m_, v_;  // [runs, FlatParameters' size]
  const torch::Tensor slow_;                         // GrokFast's e; undefined without it
  Step model_;
  const StepMeasure measure_;
  std::vector<RunState> states_;
  std::vector<std::optional<Insertion>> insertions_;
  uint64_t step_ = 0;
  std::vector<std::optional<uint64_t>> failed_at_;

  Block block_, next_;          // the steps that the device has the numbers of, and those after them
  StepInputs inputs_;           // on the device
  const torch::Tensor at_;      // int64 [1] on the device: the step within the block
  const torch::Tensor ring_;    // int64 [steps of a block] on the device: 0, 1, ..
  const torch::Tensor losses_;  // float64 [steps of a block, runs, batch, n_answer] on the device
  torch::Tensor has_failed_;    // float32 [runs] on the device: 1 from the first loss that was not finite
  std::unique_ptr<Replay> replay_;
};

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_RUNS_H_
