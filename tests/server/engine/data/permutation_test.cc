#include "server/engine/data/permutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace sumscope::engine {
namespace {

std::vector<int64_t> Identity(size_t count) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

TEST(Permutation_Test, GivenAnyCountThenEveryPlaceIsTakenOnce) {
  for (const uint64_t count : {0u, 1u, 2u, 1000u}) {
    for (auto order : {Permutation(count, 3, 1), CyclicPermutation(count, 3, 1)}) {
      std::sort(order.begin(), order.end());
      EXPECT_EQ(order, Identity(count));
    }
  }
}

TEST(Permutation_Test, GivenThreePlacesThenAllOrdersComeEquallyOften) {
  std::map<std::vector<int64_t>, int> seen;
  for (uint64_t seed = 0; seed < 6000; ++seed) ++seen[Permutation(3, seed, 1)];
  ASSERT_EQ(seen.size(), 6u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 150);  // five standard deviations
}

TEST(CyclicPermutation_Test, GivenTwoPlacesOrMoreThenNothingStays) {
  for (const uint64_t count : {2u, 3u, 100u}) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const std::vector<int64_t> order = CyclicPermutation(count, seed, 1);
      for (size_t i = 0; i < order.size(); ++i) ASSERT_NE(order[i], static_cast<int64_t>(i));
    }
  }
}

TEST(Permutation_Test, GivenAnotherSeedOrColumnThenTheOrderIsAnother) {
  EXPECT_NE(Permutation(100, 1, 1), Permutation(100, 2, 1));
  EXPECT_NE(Permutation(100, 1, 1), Permutation(100, 1, 2));
  EXPECT_EQ(Permutation(100, 1, 1), Permutation(100, 1, 1));
}

}  // namespace
}  // namespace sumscope::engine
