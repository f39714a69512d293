#include "server/worker/machine/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "server/engine/training/trainer.h"
#include "server/worker/convert/conversion.h"
#include "tests/server/worker/tiny_spec.h"

namespace sumscope::worker {
namespace {

torch::Tensor WeightsAfterSomeSteps() {
  const auto trainer = engine::Trainer::Create(*ToEngine(TinySpec()), torch::kCPU);
  for (int i = 0; i < 3; ++i) (void)trainer->Step();
  return trainer->Weights().front().second;
}

TEST(Calibrate_Test, RatesAreMeasuredAndNothingElseChanges) {
  const torch::Tensor before = WeightsAfterSomeSteps();
  const int threads = at::get_num_threads();
  const auto rates = Calibrate(torch::kCPU, Clock::Real());
  ASSERT_TRUE(rates.ok()) << rates.status();
  for (const double rate : {rates->training_flops_per_second(), rates->answering_flops_per_second(),
                            rates->intervening_flops_per_second()}) {
    EXPECT_GT(rate, 1e6);
    EXPECT_LT(rate, 1e15);
  }
  for (const double value :
       {rates->training_value_seconds(), rates->answering_value_seconds(), rates->intervening_value_seconds()}) {
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1e-3);
  }
  EXPECT_GE(rates->training_step_seconds(), 0);
  EXPECT_TRUE(std::isfinite(rates->training_step_seconds()));
  for (const sumscope::v1::ThreadGain& gain : rates->thread_gains()) {
    EXPECT_GT(gain.threads(), 1u);
    EXPECT_LE(gain.threads(), std::thread::hardware_concurrency());
    EXPECT_GT(gain.times(), 0);
  }
  EXPECT_EQ(rates->thread_gains().empty(), std::thread::hardware_concurrency() < 2);
  EXPECT_EQ(at::get_num_threads(), threads);
  EXPECT_TRUE(torch::equal(before, WeightsAfterSomeSteps()));
}

}  // namespace
}  // namespace sumscope::worker
