#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_NORM_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_NORM_H_

#include "server/engine/model/config.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine::batched {

// One LayerNorm of several runs with its gradient: w, b and their gradients [runs, width].
struct Norm {
  torch::Tensor w, b, w_gradient, b_gradient;
  torch::Tensor x, normalized, mean, rstd;  // of the last Forward

  // Of x [runs, rows, width].
  torch::Tensor Forward(const torch::Tensor& input) {
    x = input;
    std::tie(normalized, mean, rstd) = at::native_layer_norm(x, {x.size(-1)}, {}, {}, kLayerNormEpsilon);
    return at::addcmul(b.unsqueeze(1), normalized, w.unsqueeze(1));
  }

  // The gradient of x under that of the result; writes those of w and b.
  torch::Tensor Backward(const torch::Tensor& dy) {
    at::sum_out(b_gradient, dy, {1});
    at::sum_out(w_gradient, dy * normalized, {1});
    return std::get<0>(
        at::native_layer_norm_backward(dy * w.unsqueeze(1), x, {x.size(-1)}, mean, rstd, {}, {}, {true, false, false}));
  }
};

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_NORM_H_
