#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_LINEAR_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_LINEAR_H_

#include "server/engine/runtime/torch.h"

namespace sumscope::engine::batched {

// [runs, rows, columns] -> [runs, columns, rows].
inline torch::Tensor Transposed(const torch::Tensor& x) { return x.transpose(1, 2); }

// Writes the gradients of W and b of y = x W + b: x and dy [runs, rows, ..].
inline void LinearBackward(const torch::Tensor& x, const torch::Tensor& dy, torch::Tensor W_gradient,
                           torch::Tensor b_gradient) {
  at::bmm_out(W_gradient, Transposed(x), dy);
  at::sum_out(b_gradient, dy, {1});
}

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_BATCHED_LINEAR_H_
