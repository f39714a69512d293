#include "server/engine/probing/evaluation/phases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Optimal partitioning without pruning, each cost computed from its definition.
std::vector<size_t> BestPartition(const std::vector<double>& x, double penalty) {
  const auto cost = [&](size_t begin, size_t end) {
    double mean = 0, sum = 0;
    for (size_t i = begin; i < end; ++i) mean += x[i] / static_cast<double>(end - begin);
    for (size_t i = begin; i < end; ++i) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
  };
  std::vector<double> best(x.size() + 1, std::numeric_limits<double>::infinity());
  std::vector<size_t> last(x.size() + 1, 0);
  best[0] = -penalty;
  for (size_t t = 1; t <= x.size(); ++t) {
    for (size_t s = 0; s < t; ++s) {
      const double value = best[s] + cost(s, t) + penalty;
      if (value < best[t]) {
        best[t] = value;
        last[t] = s;
      }
    }
  }
  std::vector<size_t> starts;
  for (size_t t = x.size(); last[t] > 0; t = last[t]) starts.insert(starts.begin(), last[t]);
  return starts;
}

TEST(ChangePoints_Test, GivenRandomSeriesThenTheyAreThoseOfTheExactDynamicProgramme) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  size_t changes = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> x(1 + random() % 60);
    double level = 0;
    for (double& value : x) {
      if (random() % 10 == 0) level = 3 * normal(random);
      value = level + normal(random);
    }
    const double penalty = 0.5 + static_cast<double>(random() % 8);
    const std::vector<size_t> expected = BestPartition(x, penalty);
    EXPECT_EQ(ChangePoints(x, penalty), expected) << trial;
    changes += expected.size();
  }
  EXPECT_GT(changes, 300u);
}

// The long-run variance of x[i+1] = r x[i] + noise is that of the noise over (1-r)^2.
TEST(LongRunVariance_Test, GivenNoiseOfAnyMemoryThenItIsFoundDespiteLargeChanges) {
  for (const double r : {0.0, 0.3, 0.6}) {
    std::mt19937_64 random(6);
    std::normal_distribution<double> normal(0, 0.2);
    std::vector<double> x;
    double noise = 0;
    for (int i = 0; i < 8000; ++i) {
      noise = r * noise + normal(random);
      x.push_back(i / 1000 + noise);
    }
    const double expected = 0.04 / ((1 - r) * (1 - r));
    EXPECT_NEAR(LongRunVariance(x), expected, 0.3 * expected) << r;
  }
  EXPECT_EQ(LongRunVariance(std::vector<double>(100, 1.0)), 1e-6);
}

// Columns of losses that are 10^level with log-normal noise.
class Phases_Test : public ::testing::Test {
 protected:
  static constexpr uint64_t kSteps = 20000;

  void Add(const std::string& name, const std::vector<std::pair<uint64_t, double>>& levels) {
    metrics_.columns.push_back(name);
    std::vector<double> column;
    size_t level = 0;
    for (uint64_t step = 0; step < kSteps; ++step) {
      while (level + 1 < levels.size() && step >= levels[level + 1].first) ++level;
      column.push_back(std::pow(10.0, levels[level].second + noise_(random_)));
    }
    columns_.push_back(column);
  }
  PhasesResult Run(const PhasesRequest& request = {}) {
    values_.clear();
    for (uint64_t step = 0; step < kSteps; ++step) {
      for (const auto& column : columns_) values_.push_back(column[step]);
    }
    metrics_.values = values_.data();
    metrics_.steps = kSteps;
    return Phases(metrics_, request);
  }

  std::mt19937_64 random_{7};
  std::normal_distribution<double> noise_{0, 0.3};
  MetricTable metrics_;
  std::vector<std::vector<double>> columns_;
  std::vector<double> values_;
};

TEST_F(Phases_Test, GivenPlantedLevelsThenBoundariesLieWithinTwoPercentAndHaveTheirLosses) {
  Add("loss", {{0, 0}});
  Add("digit_loss.A1", {{0, 0.3}, {4000, -0.5}, {9000, -1.5}, {15000, -3}});
  const PhasedSeries series = Run().digits.at(0);
  EXPECT_EQ(series.name, "A1");
  ASSERT_EQ(series.boundaries.size(), 3u);
  const uint64_t steps[] = {4000, 9000, 15000};
  const double levels[] = {0.3, -0.5, -1.5, -3};
  for (size_t i = 0; i < 3; ++i) {
    const PhaseBoundary& boundary = series.boundaries[i];
    EXPECT_NEAR(static_cast<double>(boundary.step), static_cast<double>(steps[i]),
                0.02 * static_cast<double>(steps[i]));
    EXPECT_EQ(boundary.step % 50, 0u);
    EXPECT_NEAR(std::log10(boundary.loss_before), levels[i], 0.03);
    EXPECT_NEAR(std::log10(boundary.loss_after), levels[i + 1], 0.03);
  }
  EXPECT_NEAR(std::log10(series.first_loss), 0.3, 0.3);
  EXPECT_NEAR(std::log10(series.last_loss), -3, 0.3);
}

// Noise per step that remembers its last value with the weight `memory`, and spread `spread` in decades.
std::vector<double> Noisy(uint64_t seed, uint64_t steps, double memory, double spread,
                          const std::function<double(uint64_t)>& level) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> losses(steps);
  double noise = normal(random);
  for (uint64_t step = 0; step < steps; ++step) {
    noise = memory * noise + std::sqrt(1 - memory * memory) * normal(random);
    losses[step] = std::pow(10.0, level(step) + spread * noise);
  }
  return losses;
}

std::vector<PhaseBoundary> Boundaries(const std::vector<double>& losses) {
  return Phases({{"digit_loss.A1"}, losses.data(), losses.size()}, {}).digits[0].boundaries;
}

// With BIC's penalty one curve became 17 to 23 pieces, and pure noise two in one of ten to twenty.
TEST(PhasesPenalty_Test, GivenTwoHundredFlatNoisyCurvesThenFewerThanFivePercentHaveABoundary) {
  for (const double memory : {0.0, 0.9, 0.98}) {  // none; across steps of a window; across windows
    int changing = 0;
    for (uint64_t curve = 0; curve < 200; ++curve) {
      changing += !Boundaries(Noisy(curve, 10'000, memory, 0.3, [](uint64_t) { return -0.4; })).empty();
    }
    EXPECT_LT(changing, 10) << memory;
  }
}

TEST(PhasesPenalty_Test, GivenTrueChangesThenTheyAreFoundWithinTwoPercentAndNoOthers) {
  constexpr uint64_t kTrue[] = {4000, 9000, 15'000};
  constexpr double kLevels[] = {0.3, -0.5, -1.5, -3};
  for (const auto& [memory, spread] : {std::pair{0.0, 0.3}, {0.9, 0.3}, {0.98, 0.1}}) {
    for (uint64_t curve = 0; curve < 20; ++curve) {
      const std::vector<PhaseBoundary> found = Boundaries(Noisy(curve, 20'000, memory, spread, [&](uint64_t step) {
        return kLevels[(step >= kTrue[0]) + (step >= kTrue[1]) + (step >= kTrue[2])];
      }));
      ASSERT_EQ(found.size(), 3u) << memory << " curve " << curve;
      for (size_t i = 0; i < 3; ++i) {
        EXPECT_LE(std::abs(static_cast<double>(found[i].step) - static_cast<double>(kTrue[i])),
                  0.02 * static_cast<double>(kTrue[i]));
      }
    }
  }
}

// A loss that glides down is no staircase of twenty steps.
TEST(PhasesPenalty_Test, GivenALossThatGlidesDownThenAHandfulOfPhasesWhateverTheWindow) {
  for (const double decades : {1.0, 3.0, 9.0}) {
    const std::vector<double> glide = Noisy(
        1, 20'000, 0.5, 0.05, [decades](uint64_t step) { return 0.3 - decades * static_cast<double>(step) / 20'000; });
    for (const uint32_t window : {20u, 50u, 200u}) {
      PhasesRequest request;
      request.window = window;
      const size_t phases =
          1 + Phases({{"digit_loss.A1"}, glide.data(), glide.size()}, request).digits[0].boundaries.size();
      EXPECT_GE(phases, 3u) << decades << " " << window;
      EXPECT_LE(phases, 7u) << decades << " " << window;
    }
  }
}

TEST_F(Phases_Test, GivenALargePenaltyThenFewerBoundaries) {
  Add("digit_loss.A1", {{0, 0.3}, {4000, -0.5}});
  PhasesRequest request;
  request.penalty = 1e6;
  EXPECT_TRUE(Run(request).digits[0].boundaries.empty());
}

TEST_F(Phases_Test, GivenDigitsThatAreLearntThenTheOrderIsThatOfTheirLastFallBelowTheThreshold) {
  metrics_.first_step = 1000;
  Add("digit_loss.SGN", {{0, 0}, {3000, -2}, {5000, 0}, {12000, -2}});  // learnt, lost, learnt again
  Add("digit_loss.A2", {{0, 0}, {8000, -2}});
  Add("digit_loss.A1", {{0, 0}});
  Add("digit_loss.A0", {{0, -3}});
  Add("cell_loss.BA", {{0, 0}, {9000, -2}});
  const PhasesResult result = Run();
  EXPECT_EQ(result.steps, kSteps);
  EXPECT_EQ(result.digits[0].learnt_step, 13000u);
  EXPECT_EQ(result.digits[1].learnt_step, 9000u);
  EXPECT_FALSE(result.digits[2].learnt_step.has_value());
  EXPECT_EQ(result.digits[3].learnt_step, 1000u);
  EXPECT_EQ(result.order, (std::vector<std::string>{"A0", "A2", "SGN"}));
  EXPECT_EQ(result.cell_order, (std::vector<std::string>{"BA"}));
}

TEST_F(Phases_Test, GivenStepsWithoutACellThenTheyAreIgnored) {
  Add("digit_loss.A0", {{0, 0}});
  Add("cell_loss.US9", {{0, 0}, {10000, -2}});
  Add("cell_loss.UB1", {{0, 0}});
  for (uint64_t step = 0; step < kSteps; ++step) {
    columns_[2][step] = kNan;
    if (step % 3 != 0 || (step >= 5000 && step < 6000)) columns_[1][step] = kNan;
  }
  const PhasesResult result = Run();
  ASSERT_EQ(result.cells.size(), 1u);
  ASSERT_EQ(result.cells[0].boundaries.size(), 1u);
  EXPECT_EQ(result.cells[0].boundaries[0].step, 10000u);
}

TEST(PhasesWindows_Test, GivenAShortLastWindowThenItsStepsJoinTheOneBefore) {
  std::vector<double> values(224, 1.0);  // three windows of 50 and one of 74
  for (size_t i = 190; i < 224; ++i) values[i] = 0.01;
  const MetricTable metrics = {{"digit_loss.A0"}, values.data(), 224};
  EXPECT_EQ(Phases(metrics, {}).digits[0].last_loss, 1.0);  // 40 of 74
}

TEST(PhasesWindows_Test, GivenBadRequestsThenTheReasonIsNamed) {
  const std::vector<double> values(200, 1);
  const MetricTable metrics = {{"digit_loss.A0"}, values.data(), 200};
  const auto reason = [](const MetricTable& table, const PhasesRequest& request) -> std::string {
    try {
      Phases(table, request);
      return "";
    } catch (const Error& error) {
      return error.reason;
    }
  };
  EXPECT_EQ(reason(metrics, {}), "");
  EXPECT_EQ(reason(metrics, {0, 1, 0.1}), "BAD_WINDOW");
  EXPECT_EQ(reason(metrics, {50, 0, 0.1}), "BAD_PENALTY");
  EXPECT_EQ(reason(metrics, {50, 1, kNan}), "BAD_THRESHOLD");
  EXPECT_EQ(reason({{"digit_loss.A0"}, values.data(), 0}, {}), "NO_METRICS");
  EXPECT_EQ(reason({{"loss"}, values.data(), 200}, {}), "NO_METRICS");
  // Of one or two windows everything was "learnt at 0", in an order that nobody saw.
  EXPECT_EQ(reason({{"digit_loss.A0"}, values.data(), 175}, {}), "") << "three windows and a half";
  EXPECT_EQ(reason({{"digit_loss.A0"}, values.data(), 174}, {}), "BAD_WINDOW");
  EXPECT_EQ(reason({{"digit_loss.A0"}, values.data(), 4}, {1, 1, 0.1}), "");
  EXPECT_EQ(reason({{"digit_loss.A0"}, values.data(), 3}, {1, 1, 0.1}), "BAD_WINDOW");
  const std::vector<double> many(100'001, 1);
  EXPECT_EQ(reason({{"digit_loss.A0"}, many.data(), many.size()}, {2, 1, 0.1}), "BAD_WINDOW");
  EXPECT_EQ(reason({{"digit_loss.A0"}, many.data(), 100'000}, {2, 1, 0.1}), "");
}

TEST(PhasesWindows_Test, WhenProgressSaysStopThenItIsCancelled) {
  const std::vector<double> values(200, 1);
  EXPECT_THROW(
      Phases({{"digit_loss.A1", "digit_loss.A0"}, values.data(), 100}, {}, [](double done) { return done < 0.5; }),
      Error);
}

}  // namespace
}  // namespace sumscope::engine
