#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_FLAT_PARAMETERS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_FLAT_PARAMETERS_H_

#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/model/weights.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine::step {

// How all parameters of a model lie in one buffer, so that the optimiser makes one pass. Each parameter is a view under
// its name, in the order of ParameterList. The heads' W_Q lie as one matrix [d_model, n_heads * d_head], and W_K and
// W_V side by side as [d_model, 2 * n_heads * d_head]: those three views are not contiguous. Numbers between two
// parameters belong to none and stay 0. Immutable.
class FlatParameters {
 public:
  explicit FlatParameters(const ModelConfig& config);

  int64_t size() const { return size_; }
  // Views of `flat` [size].
  NamedTensors Views(const torch::Tensor& flat) const;

 private:
  struct Place {
    std::string name;
    std::vector<int64_t> shape, strides;
    int64_t offset;
  };
  std::vector<Place> places_;
  int64_t size_ = 0;
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_FLAT_PARAMETERS_H_
