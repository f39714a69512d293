#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_ADAMW_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_ADAMW_H_

#include <cstdint>
#include <vector>

#include "server/engine/runtime/torch.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// AdamW (Loshchilov & Hutter, 2019) in one fused pass over all parameters, every one of which decays. Changes the given
// tensors in place. Thread-compatible.
class AdamW {
 public:
  // Takes weight_decay, beta1, beta2 and epsilon from the spec; moments start at zero.
  AdamW(const TrainSpec& spec, std::vector<torch::Tensor> parameters);

  // `update` counts from 1 and is what the bias correction needs to know.
  void Update(std::vector<torch::Tensor> gradients, double learning_rate, uint64_t update);

  // First and second moments, in the order of the parameters. A restore copies into them.
  const std::vector<torch::Tensor>& m() const { return m_; }
  const std::vector<torch::Tensor>& v() const { return v_; }

 private:
  const double weight_decay_, beta1_, beta2_, epsilon_;
  const std::vector<torch::Tensor> parameters_;
  std::vector<torch::Tensor> m_, v_;
  std::vector<torch::Tensor> updates_;  // scalars on the device, as the fused pass wants them
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_ADAMW_H_
