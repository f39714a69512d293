#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_PRODUCT_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_PRODUCT_H_

#include <array>
#include <cstdint>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine::step {

// A matrix product of fixed operands into a fixed result, made once and run in each step: out = a b, or out += a b.
// Run is a call of the BLAS within LibTorch, without the microseconds that an ATen operation takes to get there.
class Product {
 public:
  // out [rows, columns], a [rows, depth], b [depth, columns], float32 or float64: matrices, or transposed ones, that
  // may be parts of wider ones.
  Product(torch::Tensor out, torch::Tensor a, torch::Tensor b, bool accumulate = false);

  void Run() const;

  // Rows, depth and columns.
  std::array<int64_t, 3> shape() const { return {a_.size(0), a_.size(1), b_.size(1)}; }

 private:
  torch::Tensor out_, a_, b_;
  bool accumulate_;
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_PRODUCT_H_
