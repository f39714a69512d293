#ifndef SUMSCOPE_TESTS_BENCHMARKS_FLOOR_H_
#define SUMSCOPE_TESTS_BENCHMARKS_FLOOR_H_

#include <ATen/ops/mm.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// The counted floor of a computation: the time that its matrix products alone take, each as fast as this machine makes
// a product of that shape with operands at hand, and nothing for all that lies between them.
class Floor {
 public:
  // Rows, depth and columns of each product.
  Floor(const std::vector<std::array<int64_t, 3>>& shapes, torch::ScalarType dtype) {
    for (const auto& [rows, depth, columns] : shapes) {
      products_.push_back({torch::zeros({rows, columns}, dtype), torch::rand({rows, depth}, dtype),
                           torch::rand({depth, columns}, dtype)});
      flops_ += 2.0 * static_cast<double>(rows * depth * columns);
    }
  }

  double flops() const { return flops_; }

  // Seconds of one pass over all products. Each runs once before it is timed.
  double Measure() {
    const torch::NoGradGuard no_grad;
    double seconds = 0;
    for (Product& product : products_) {
      at::mm_out(product.out, product.a, product.b);
      const auto start = std::chrono::steady_clock::now();
      at::mm_out(product.out, product.a, product.b);
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    return seconds;
  }

 private:
  struct Product {
    torch::Tensor out, a, b;
  };
  std::vector<Product> products_;
  double flops_ = 0;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_BENCHMARKS_FLOOR_H_
