#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BLOCK_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BLOCK_H_

#include <cstdint>
#include <vector>

#include "server/engine/runtime/torch.h"
#include "server/engine/spec/spec.h"
#include "server/engine/training/batched/slots.h"

namespace sumscope::engine::batched {

// What steps read beside the weights: of one step, or of the steps of a block with those in front.
struct StepInputs {
  torch::Tensor slots, answers;  // int64 [runs, positions, batch] and [runs, n_answer, batch]
  torch::Tensor rates;           // float32 [runs]: learning rates
  torch::Tensor updates;         // float32 []: the optimiser's count of updates, this one included

  StepInputs To(torch::Device device) const;
  void CopyFrom(const StepInputs& other);
  // Of the step at index `at`, int64 [1] on the device.
  StepInputs At(const torch::Tensor& at) const;
};

// The questions and learning rates of consecutive steps of several runs, drawn on the host. Thread-compatible.
class Block {
 public:
  // Of as many steps as are worth one wait for the device, fewer where their questions would take much memory.
  // Borrows `slots`.
  Block(const std::vector<TrainSpec>& specs, const Slots& slots);

  uint64_t steps() const { return batches_.size(); }
  // Draws steps first .. first+steps()-1.
  void Draw(uint64_t first);
  bool Has(uint64_t step) const { return is_drawn_ && first_ <= step && step < end(); }
  uint64_t first() const { return first_; }
  uint64_t end() const { return first_ + steps(); }

  const Questions& BatchOf(uint64_t step, size_t run) const { return batches_[step - first_][run]; }
  const StepInputs& inputs() const { return inputs_; }

 private:
  std::vector<TrainSpec> specs_;
  const Slots* slots_;
  uint64_t first_ = 0;
  bool is_drawn_ = false;
  std::vector<std::vector<Questions>> batches_;  // [step][run]
  StepInputs inputs_;
};

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BLOCK_H_
