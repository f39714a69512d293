#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_STEP_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_STEP_H_

#include <optional>
#include <vector>

#include "server/engine/training/batched/layer.h"
#include "server/engine/training/batched/slots.h"

namespace sumscope::engine::batched {

// Views of `flat` [runs, FlatParameters' size] under the parameters' names, in their order: [runs, ..] each.
NamedTensors ViewsOfRuns(const ModelConfig& config, const torch::Tensor& flat);

// The losses of several runs of one shape on their batches, and their gradients, on any device.
//
// Goals: equal to Transformer in value and gradient (by test), without autograd; the same work as the step by hand on
// the CPU (what depends on a (position, token) pair alone once per pair, the last layer at the answer rows alone), as
// few large tensor operations as possible. Every operation has a fixed order of sums, none waits for the device and no
// shape depends on data, so that a CUDA graph can hold the step. Temporary tensors come from LibTorch's allocator: in a
// graph they have fixed addresses, so that preallocating them here would only cost readability.
// Non-goals: speed on the CPU, where step::TrainingStep is several times faster.
//
// Thread-compatible.
class Step {
 public:
  // Of batches of `batch` lines of the operations. `weights` [runs, FlatParameters' size] are read by every Run,
  // `gradients`, of the same shape and device, written.
  Step(const ModelConfig& config, const Encoding& encoding, const std::vector<Operation>& operations, int64_t batch,
       const torch::Tensor& weights, const torch::Tensor& gradients);

  const Slots& slots() const { return slots_; }

  // -log p(true token) in nats, float64 [runs, batch, n_answer], of what Slots::Encode wrote for each run: slots int64
  // [runs, positions, batch] and answers int64 [runs, n_answer, batch] on the device. Writes the gradients of each
  // run's mean loss.
  torch::Tensor Run(const torch::Tensor& slots, const torch::Tensor& answers);

 private:
  torch::Tensor Forward(const torch::Tensor& slots);
  void Backward(const torch::Tensor& logits_gradient);

  const ModelConfig config_;
  const int64_t runs_, batch_, answer_rows_, first_row_;  // of the last layer
  const int64_t first_of_layer0_;
  const Slots slots_;
  const ModelWeights weights_, gradients_;
  const torch::Tensor slot_token_, token_one_hot_, slot_position_, position_;  // on the device
  std::vector<Layer> layers_;
  Norm norm_;
  std::optional<Pick> pick_;  // of the last Run, as is the next
  torch::Tensor normalized_;
};

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_STEP_H_
