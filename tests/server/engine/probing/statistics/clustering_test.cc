#include "server/engine/probing/statistics/clustering.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "server/engine/probing/statistics/principal_components.h"
#include "tests/server/engine/reason_of.h"

namespace sumscope::engine {
namespace {

TEST(Silhouette_Test, GivenFourPointsOnALineThenItIsTheOneComputedByHand) {
  const std::vector<double> values = {0, 1, 4, 6};
  const Points points = {values.data(), 4, 1};
  // a = 1, 1, 2, 2; b = 5, 4, 3.5, 5.5.
  EXPECT_NEAR(*Silhouette(points, {0, 0, 1, 1}), (4 / 5.0 + 3 / 4.0 + 1.5 / 3.5 + 3.5 / 5.5) / 4, 1e-12);
  // Points alone count 0; a = 1, 1; b = 4, 3, of the nearer group.
  EXPECT_NEAR(*Silhouette(points, {0, 0, 1, 2}), (3 / 4.0 + 2 / 3.0 + 0 + 0) / 4, 1e-12);
  EXPECT_FALSE(Silhouette(points, {1, 1, 1, 1}).has_value());
}

TEST(CalinskiHarabasz_Test, GivenFourPointsOnALineThenItIsTheOneComputedByHand) {
  const std::vector<double> values = {0, 1, 4, 6};
  const Points points = {values.data(), 4, 1};
  // Means 0.5 and 5, of all 2.75: between 2 * 2.25^2 * 2, within 0.5 + 2, over 1 and 2.
  EXPECT_NEAR(*CalinskiHarabasz(points, {0, 0, 2, 2}), 20.25 / (2.5 / 2), 1e-12);
  EXPECT_FALSE(CalinskiHarabasz(points, {0, 0, 0, 0}).has_value());
  EXPECT_FALSE(CalinskiHarabasz(points, {0, 1, 2, 3}).has_value());
  const std::vector<double> coinciding = {0, 0, 4, 4};
  EXPECT_TRUE(std::isinf(*CalinskiHarabasz({coinciding.data(), 4, 1}, {0, 0, 1, 1})));
}

TEST(KMeans_Test, GivenThreeDistantCloudsThenTheyAreTheClusters) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  std::vector<int> labels;
  for (int i = 0; i < 90; ++i) {
    labels.push_back(i % 3);
    values.push_back(20 * (i % 3 == 1) + normal(random));
    values.push_back(20 * (i % 3 == 2) + normal(random));
  }
  const Points points = {values.data(), 90, 2};
  const std::vector<int> clusters = KMeans(points, 3, 10, 4);
  EXPECT_EQ(Agreement(clusters, labels), 1.0);
  EXPECT_EQ(KMeans(points, 3, 10, 4), clusters);
  EXPECT_NEAR(Agreement(KMeans(points, 2, 10, 4), labels), 2 / 3.0, 1e-12);
}

TEST(KMeans_Test, GivenCoincidingPointsThenItEnds) {
  const std::vector<double> values(10, 1.5);
  EXPECT_EQ(KMeans({values.data(), 5, 2}, 3, 10, 0), std::vector<int>(5, 0));
}

TEST(PrincipalComponents_Test, GivenMoreOrFewerFeaturesThanPointsThenTheyAreThoseOfTheSingularValues) {
  torch::manual_seed(3);
  for (const auto& [count, features] : {std::pair<int64_t, int64_t>{30, 7}, {7, 30}}) {
    const torch::Tensor x = torch::randn({count, features}, torch::kFloat64) + 5;
    const PrincipalComponents found = FindPrincipalComponents(x, 3);
    const torch::Tensor centred = x - x.mean(0);
    const auto [u, s, vh] = torch::linalg_svd(centred, /*full_matrices=*/false);
    const double total = centred.square().sum().item<double>();
    EXPECT_NEAR(found.total_variance, x.var(0).sum().item<double>(), 1e-10);
    EXPECT_TRUE(torch::allclose(found.evr, s.square().slice(0, 0, 3) / total, 1e-10, 1e-12));
    EXPECT_TRUE(torch::allclose(found.axes.abs(), vh.slice(0, 0, 3).abs(), 1e-8, 1e-8));
    EXPECT_TRUE(torch::allclose(found.scores, centred.matmul(found.axes.t())));
    EXPECT_TRUE((found.axes.gather(1, found.axes.abs().argmax(1, true)) > 0).all().item<bool>());
  }
}

TEST(PrincipalComponents_Test, GivenPointsThatAreNoNumbersThenTheReasonIsNamed) {
  for (const double value : {std::nan(""), HUGE_VAL}) {
    torch::Tensor points = torch::ones({5, 3}, torch::kFloat64);
    points[4][1] = value;
    EXPECT_EQ(ReasonOf([&] { FindPrincipalComponents(points, 2); }), "ACTIVATIONS_NOT_FINITE");
  }
}

TEST(PrincipalComponents_Test, GivenPointsOfLowRankThenAxesBeyondItAreZeroAndNothingIsNan) {
  const torch::Tensor x = torch::ones({3, 1}, torch::kFloat64).cumsum(0).matmul(torch::ones({1, 9}, torch::kFloat64));
  const PrincipalComponents found = FindPrincipalComponents(x, 3);
  EXPECT_NEAR(found.evr[0].item<double>(), 1, 1e-12);
  EXPECT_TRUE((found.axes.slice(0, 1) == 0).all().item<bool>());
  EXPECT_TRUE((FindPrincipalComponents(torch::ones({3, 9}, torch::kFloat64), 3).evr == 0).all().item<bool>());
}

}  // namespace
}  // namespace sumscope::engine
