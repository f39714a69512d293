// Products of bfloat16 in tiles beside the same in float64.
#include "server/engine/model/tiles/tile_unit.h"

#include <gtest/gtest.h>

#include "server/engine/model/tiles/rounding.h"

namespace sumscope::engine::tiles {
namespace {

// [rows, depth] as a left matrix.
torch::Tensor InTiles(const torch::Tensor& matrix) {
  const int64_t depth = RoundedUp(matrix.size(1), kTileDepth);
  const torch::Tensor rounded = matrix.to(torch::kBFloat16).contiguous();
  torch::Tensor in_tiles = ZeroTiles(matrix.size(0), depth);
  for (int64_t row = 0; row < matrix.size(0); ++row) {
    for (int64_t column = 0; column < matrix.size(1); ++column) {
      TilesOf(in_tiles)[TilePlace(row, column, depth)] = TilesOf(rounded)[row * matrix.size(1) + column];
    }
  }
  return in_tiles;
}

torch::Tensor Rounded(const torch::Tensor& matrix) { return matrix.to(torch::kBFloat16).to(torch::kFloat64); }

class TileUnit_Test : public ::testing::TestWithParam<bool> {};

TEST_P(TileUnit_Test, GivenMatricesOfAnyShapeThenTheSumOfTheirProductsIsFloat64s) {
  if (GetParam() && !TileUnit::IsFast()) GTEST_SKIP() << "this CPU has no AMX";
  torch::manual_seed(2);
  for (const auto& [rows, depth, width] :
       std::vector<std::array<int64_t, 3>>{{32, 32, 32}, {5, 70, 40}, {100, 33, 97}, {64, 510, 16}}) {
    const torch::Tensor a = torch::randn({rows, depth}), b = torch::randn({depth, width});
    const torch::Tensor c = torch::randn({rows, depth}), d = torch::randn({depth, width});
    const torch::Tensor left = InTiles(a), other_left = InTiles(c);
    const TileMatrix right(b), other_right(d.to(torch::kFloat64));
    EXPECT_EQ(right.depth() % kTileDepth, 0);
    EXPECT_GE(right.width(), width);
    const TileTerm terms[] = {{TilesOf(left), &right}, {TilesOf(other_left), &other_right}};
    torch::Tensor product = torch::zeros({RoundedUp(rows, kBlock), right.width()});
    const TileUnit unit(GetParam());
    alignas(64) float sums[kBlock * kBlock];
    for (int64_t row = 0; row < rows; row += kBlock) {
      for (int64_t column = 0; column < right.width(); column += kBlock) {
        unit.Multiply(terms, 2, row / kBlock, column / kBlock, sums);
        product.slice(0, row, row + kBlock).slice(1, column, column + kBlock) =
            torch::from_blob(sums, {kBlock, kBlock});
      }
    }
    const torch::Tensor expected = torch::mm(Rounded(a), Rounded(b)) + torch::mm(Rounded(c), Rounded(d));
    EXPECT_LT((product.slice(0, 0, rows).slice(1, 0, width) - expected).abs().max().item<double>(), 2e-4);
    EXPECT_EQ(product.slice(1, width).abs().sum().item<double>(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, TileUnit_Test, ::testing::Bool());

TEST(Rounding_Test, GivenNumbersThenTheyAreRoundedAsLibTorchRoundsAndTheRestIsKept) {
  torch::manual_seed(2);
  torch::Tensor numbers = torch::randn({kLanes}) * 100;
  numbers[0] = 1.00390625;  // between two of bfloat16
  numbers[1] = 1.01171875;
  numbers[2] = 0;
  numbers[3] = std::numeric_limits<float>::infinity();
  numbers[4] = std::numeric_limits<float>::quiet_NaN();
  torch::Tensor high = torch::empty({kLanes}, torch::kBFloat16), low = torch::empty_like(high);
  Split(LanesAt(numbers.data_ptr<float>()), TilesOf(high), TilesOf(low));
  EXPECT_TRUE(at::equal(high.slice(0, 0, 4), numbers.slice(0, 0, 4).to(torch::kBFloat16)));
  EXPECT_TRUE(std::isnan(high[4].item<float>()));
  const torch::Tensor finite = numbers.slice(0, 5).to(torch::kFloat64);
  const torch::Tensor kept = high.slice(0, 5).to(torch::kFloat64) + low.slice(0, 5).to(torch::kFloat64);
  EXPECT_LT(((kept - finite) / finite).abs().max().item<double>(), 1.0 / (1 << 16));
}

}  // namespace
}  // namespace sumscope::engine::tiles
