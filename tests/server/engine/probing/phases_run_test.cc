// Phases of a real training, beside the rule read off its metrics step by step.
#include <gtest/gtest.h>

#include <algorithm>

#include "server/engine/device/device.h"
#include "server/engine/probing/evaluation/phases.h"
#include "server/engine/training/trainer.h"

namespace sumscope::engine {
namespace {

TEST(PhasesOfARun_Test, GivenATrainingThenDigitsAreOrderedByTheStepAtWhichTheyAreLearnt) {
  SetThreads(1);
  constexpr uint64_t kSteps = 800, kWindow = 20;
  constexpr double kLearntBelow = 0.5;
  TrainSpec spec;
  spec.n_digits = 2;
  spec.n_heads = 2;
  spec.d_model = 48;
  spec.d_head = 24;
  spec.d_mlp = 96;
  spec.steps = kSteps;
  spec.learning_rate = 2e-3;
  const auto trainer = Trainer::Create(spec, torch::kCPU);
  const std::vector<std::string> columns = trainer->metric_columns();
  std::vector<double> values;
  for (uint64_t step = 0; step < kSteps; ++step) {
    const std::vector<double> row = trainer->Step().Row();
    values.insert(values.end(), row.begin(), row.end());
  }
  const PhasesResult result = Phases({columns, values.data(), kSteps}, {kWindow, 1, kLearntBelow});

  std::vector<std::pair<uint64_t, std::string>> learnt;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].rfind("digit_loss.", 0) != 0) continue;
    uint64_t since = kSteps;
    for (uint64_t window = kSteps / kWindow; window-- > 0;) {
      std::vector<double> losses;
      for (uint64_t step = window * kWindow; step < (window + 1) * kWindow; ++step) {
        losses.push_back(values[step * columns.size() + c]);
      }
      std::sort(losses.begin(), losses.end());
      if ((losses[kWindow / 2 - 1] + losses[kWindow / 2]) / 2 >= kLearntBelow) break;
      since = window * kWindow;
    }
    if (since < kSteps) learnt.emplace_back(since, columns[c].substr(11));
  }
  std::stable_sort(learnt.begin(), learnt.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> order;
  for (const auto& [step, digit] : learnt) order.push_back(digit);
  EXPECT_EQ(result.order, order);
  EXPECT_GE(order.size(), 3u);  // the sign, of additions always +, and digits
  EXPECT_EQ(order.front(), "SGN");
  EXPECT_GT(learnt.back().first, learnt.front().first);
}

}  // namespace
}  // namespace sumscope::engine
