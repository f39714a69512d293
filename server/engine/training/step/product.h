#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_PRODUCT_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_PRODUCT_H_

#include <ATen/ops/addmm_cpu_dispatch.h>
#include <ATen/ops/mm_cpu_dispatch.h>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine::step {

// A matrix product of fixed operands into a fixed result, made once and run in each step without allocation.
struct Product {
  torch::Tensor out, a, b;
  bool accumulate = false;  // out += a b

  void Run() {
    if (accumulate) {
      at::cpu::addmm_out(out, out, a, b);
    } else {
      at::cpu::mm_out(out, a, b);
    }
  }
};

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_PRODUCT_H_
