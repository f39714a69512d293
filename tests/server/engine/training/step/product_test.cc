// Products beside ATen's in float64.
#include "server/engine/training/step/product.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "server/engine/device/device.h"

namespace sumscope::engine::step {
namespace {

class Product_Test : public ::testing::TestWithParam<torch::ScalarType> {
 protected:
  Product_Test() {
    SetThreads(1);
    torch::manual_seed(1);
  }
  // A part of a wider matrix, transposed or not.
  torch::Tensor Operand(int64_t rows, int64_t columns, bool transposed) const {
    const torch::Tensor whole =
        torch::randn(transposed ? c10::IntArrayRef{columns + 3, rows + 5} : c10::IntArrayRef{rows + 3, columns + 5})
            .to(type_);
    const torch::Tensor part = transposed ? whole.t() : whole;
    return part.slice(0, 1, rows + 1).slice(1, 2, columns + 2);
  }

  const torch::ScalarType type_ = GetParam();
};

TEST_P(Product_Test, GivenAnyLayoutThenItIsTheProductOfTheOperands) {
  const double tolerance = type_ == torch::kFloat64 ? 1e-13 : 2e-6;
  for (const auto& [rows, depth, columns] :
       std::vector<std::array<int64_t, 3>>{{37, 51, 29}, {1, 8, 15}, {96, 64, 1}}) {
    for (int layout = 0; layout < 8; ++layout) {
      const torch::Tensor a = Operand(rows, depth, (layout & 1) != 0), b = Operand(depth, columns, (layout & 2) != 0);
      const bool accumulate = (layout & 4) != 0;
      const torch::Tensor out = torch::randn({rows, columns + 4}, type_).slice(1, 0, columns);
      torch::Tensor expected = a.to(torch::kFloat64).matmul(b.to(torch::kFloat64));
      if (accumulate) expected = expected + out;
      const Product product(out, a, b, accumulate);
      product.Run();
      EXPECT_LE((out - expected).abs().max().item<double>(), tolerance * std::sqrt(static_cast<double>(depth)))
          << "rows " << rows << ", layout " << layout;
      EXPECT_EQ(product.shape(), (std::array<int64_t, 3>{rows, depth, columns}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Product_Test, ::testing::Values(torch::kFloat32, torch::kFloat64));

}  // namespace
}  // namespace sumscope::engine::step
