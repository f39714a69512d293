#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_TRAINING_STEP_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_TRAINING_STEP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/model/config.h"
#include "server/engine/model/weights.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine::step {

// The loss of a batch and its gradient on the CPU, by hand.
//
// Goals: equal to Transformer in value and gradient (by test), at the cost of its matrix products and little else: no
// autograd graph, and no allocation after the first step.
//  - As in AnswerForward, layer 0 computes queries, keys and values once per distinct (position, token) pair, and the
//    last layer everything behind keys and values at the answer rows alone.
//  - Attention is a loop over the keys of each row, and all else between two products is one pass over the rows.
// Non-goals: hooks, other devices, inference.
//
// Deterministic for the same machine and number of threads. Thread-compatible.
class TrainingStep {
 public:
  // For batches of `batch` lines of the operations. `weights` float32 or float64 are read at every Forward, `gradients`
  // written by every Backward: buffers in FlatParameters' layout.
  static std::unique_ptr<TrainingStep> Create(const ModelConfig& config, const Encoding& encoding,
                                              const std::vector<Operation>& operations, int64_t batch,
                                              const torch::Tensor& weights, const torch::Tensor& gradients);
  virtual ~TrainingStep() = default;

  // -log p(true token) in nats [batch, n_answer] of tokens [batch, n_ctx], kept until the next call. Throws kInternal
  // (UNKNOWN_PAIR) for a token where no line has it.
  virtual const std::vector<double>& Forward(const int64_t* tokens) = 0;
  // The gradient of the mean of the last Forward's losses.
  virtual void Backward() = 0;

  // Rows, depth and columns of every product that one step makes.
  virtual std::vector<std::array<int64_t, 3>> ProductShapes() const = 0;
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_TRAINING_STEP_H_
