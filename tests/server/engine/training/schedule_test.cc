#include "server/engine/training/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace sumscope::engine {
namespace {

TEST(Schedule_Test, GivenPaper1ThenTenStepsWarmUpAndTheRestIsConstant) {
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper1, 0, 100), 0.1);
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper1, 8, 100), 0.9);
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper1, 9, 100), 1);
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper1, 99, 100), 1);
}

TEST(Schedule_Test, GivenPaper2ThenAFifthWarmsUpAndTheRestIsACosine) {
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper2, 0, 1000), 0.01);
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper2, 100, 1000), 0.505);
  EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper2, 200, 1000), 1);
  EXPECT_NEAR(ScheduleFactor(ScheduleKind::kPaper2, 600, 1000), 0.5, 1e-15);
  EXPECT_NEAR(ScheduleFactor(ScheduleKind::kPaper2, 999, 1000), 3.855e-6, 1e-8);
}

TEST(Schedule_Test, GivenFewerThanFiveStepsThenThereIsNoWarmUp) {
  for (uint64_t steps = 1; steps < 5; ++steps) EXPECT_DOUBLE_EQ(ScheduleFactor(ScheduleKind::kPaper2, 0, steps), 1);
}

TEST(Schedule_Test, GivenFifteenThousandStepsThenCheckpointsAreOneTwoFiveTenAndTheLast) {
  std::vector<uint64_t> steps;
  for (uint64_t step = 0; step <= 16000; ++step) {
    if (IsCheckpointStep(step, 15000)) steps.push_back(step);
  }
  EXPECT_EQ(steps, (std::vector<uint64_t>{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000}));
}

}  // namespace
}  // namespace sumscope::engine
