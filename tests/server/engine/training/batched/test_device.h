#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_TRAINING_BATCHED_TEST_DEVICE_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_TRAINING_BATCHED_TEST_DEVICE_H_

#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <string>

#include "server/engine/device/device.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine::batched {

// The same tests make two programs: one for the CPU, and one, with the label gpu, for CUDA.
#ifdef SUMSCOPE_TEST_CUDA
inline const torch::Device kTestDevice(torch::kCUDA);
#else
inline const torch::Device kTestDevice(torch::kCPU);
#endif

// Skips where the device is not there.
template <class Base>
class OnDevice : public Base {
 protected:
  OnDevice() { SetThreads(1); }
  void SetUp() override {
    if (kTestDevice.is_cuda() && !torch::cuda::is_available()) GTEST_SKIP() << "no GPU that CUDA can use";
  }
};

// Of a run alone and among others: the same bits on the CPU. A GPU's products may be others where there are more runs,
// and what rounding alone moves, Adam moves by whole steps: b_K, and few entries elsewhere.
inline void ExpectSameRun(const torch::Tensor& one, const torch::Tensor& other, const std::string& name) {
  if (kTestDevice.is_cpu()) {
    EXPECT_TRUE(one.equal(other)) << name << " differs by " << (one - other).abs().max();
  } else if (name.find("b_K") == std::string::npos) {
    EXPECT_LE((one - other).abs().mean().item<double>(), 5e-6) << name;
  }
}

}  // namespace sumscope::engine::batched

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_TRAINING_BATCHED_TEST_DEVICE_H_
