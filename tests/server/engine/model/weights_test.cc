#include "server/engine/model/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/engine/data/philox.h"
#include "tests/server/engine/reason_of.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

const ModelConfig kSmall = {2, 3, 24, 8, 40, 19, 15};

NamedTensors Checked(const NamedTensors& weights) {
  return CheckedWeights(kSmall, weights, torch::kCPU, torch::kFloat32);
}

// tests/oracles/parity/signed_n5_l2_h3: the names and shapes that TransformerLens gave.
TEST(Weights_Test, GivenTheOraclesDimensionsThenItsNamesAndShapes) {
  const testing::OracleTensors oracle("parity/signed_n5_l2_h3.safetensors");
  size_t gradients = 0;
  for (const auto& [name, tensor] : oracle.all()) gradients += name.rfind("grad.", 0) == 0;
  const auto list = ParameterList(kSmall);
  EXPECT_EQ(list.size(), gradients);
  for (const ParameterInfo& info : list) EXPECT_EQ(oracle.At("grad." + info.name).sizes().vec(), info.shape);
}

TEST(Weights_Test, GivenAFreshModelThenMatricesAreNormalAndTheRestIsConstant) {
  const ModelConfig config = {1, 3, 510, 170, 2040, 18, 12};
  const double deviation = 0.8 / std::sqrt(510.0);
  for (const auto& [name, tensor] : InitialWeights(config, 129000, torch::kFloat64)) {
    if (name.find(".W_") != std::string::npos) {
      const double n = static_cast<double>(tensor.numel());
      EXPECT_NEAR(tensor.mean().item<double>(), 0, 5 * deviation / std::sqrt(n)) << name;
      EXPECT_NEAR(tensor.std().item<double>(), deviation, 5 * deviation / std::sqrt(2 * n)) << name;
      const double within = (tensor.abs() < deviation).to(torch::kFloat64).mean().item<double>();
      EXPECT_NEAR(within, 0.682689, 5 * std::sqrt(0.2166 / n)) << name;
    } else {
      const double expected = name.back() == 'w' ? 1 : 0;
      EXPECT_TRUE((tensor == expected).all().item<bool>()) << name;
    }
  }
}

// The weights of a seed must never change. Box-Muller of the words of parameter 0, row 1.
TEST(Weights_Test, GivenASeedThenItsWeightsAreThoseOfTheDocumentedDraw) {
  const NamedTensors weights = InitialWeights(kSmall, 5, torch::kFloat64);
  const PhiloxBlock words = Philox4x32({0, 0, 1, 0}, 5);
  const double radius = std::sqrt(-2 * std::log((words[0] + 0.5) / 4294967296.0)) * 0.8 / std::sqrt(24.0);
  const double angle = 2 * M_PI * words[1] / 4294967296.0;
  const torch::Tensor flat = weights[0].second.flatten();
  EXPECT_NEAR(flat[4].item<double>(), radius * std::cos(angle), 1e-15);
  EXPECT_NEAR(flat[5].item<double>(), radius * std::sin(angle), 1e-15);
  EXPECT_TRUE(torch::equal(InitialWeights(kSmall, 5)[0].second, weights[0].second.to(torch::kFloat32)));
  EXPECT_FALSE(torch::equal(InitialWeights(kSmall, 6)[0].second, InitialWeights(kSmall, 5)[0].second));
}

TEST(Weights_Test, GivenAnyOrderThenCheckedWeightsAreInTheFixedOneAndCopies) {
  NamedTensors weights = InitialWeights(kSmall, 1);
  std::reverse(weights.begin(), weights.end());
  const NamedTensors checked = Checked(weights);
  const auto list = ParameterList(kSmall);
  for (size_t i = 0; i < list.size(); ++i) EXPECT_EQ(checked[i].first, list[i].name);
  EXPECT_NE(checked.front().second.data_ptr(), weights.back().second.data_ptr());
  EXPECT_TRUE(torch::equal(checked.front().second, weights.back().second));
}

TEST(Weights_Test, GivenBadWeightsThenEachFaultHasItsReason) {
  const NamedTensors good = InitialWeights(kSmall, 1);
  NamedTensors bad = good;
  bad.pop_back();
  EXPECT_EQ(ReasonOf([&] { Checked(bad); }), "WEIGHTS_MISSING");
  bad = good;
  bad.emplace_back("blocks.2.ln1.w", torch::ones({24}));
  EXPECT_EQ(ReasonOf([&] { Checked(bad); }), "WEIGHTS_UNKNOWN");
  bad = good;
  bad.push_back(good[0]);
  EXPECT_EQ(ReasonOf([&] { Checked(bad); }), "WEIGHTS_DUPLICATE");
  bad = good;
  bad[0].second = torch::zeros({24, 15});
  EXPECT_EQ(ReasonOf([&] { Checked(bad); }), "WEIGHTS_SHAPE");
  bad[0].second = torch::zeros({15, 24}, torch::kInt64);
  EXPECT_EQ(ReasonOf([&] { Checked(bad); }), "WEIGHTS_DTYPE");
  bad[0].second = torch::full({15, 24}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(ReasonOf([&] { Checked(bad); }), "WEIGHTS_NOT_FINITE");
}

}  // namespace
}  // namespace sumscope::engine
