#include "server/worker/machine/gpu.h"

#include <gtest/gtest.h>

#include "tests/support/fake_nvml/fake_box.h"

namespace sumscope::worker {
namespace {

TEST(CudaUuid_Test, GivenAGpuThenItsUuidAsNvmlWritesIt) {
  const FakeBox box;
  box.Become(
      "gpu uuid=GPU-00000000-1111-2222-3333-444444444444\n"
      "gpu uuid=GPU-5f0c1234-abcd-ef01-2345-6789abcdef01\n");
  EXPECT_EQ(CudaUuid(0, box.library()), "GPU-00000000-1111-2222-3333-444444444444");
  EXPECT_EQ(CudaUuid(1, box.library()), "GPU-5f0c1234-abcd-ef01-2345-6789abcdef01");
}

TEST(CudaUuid_Test, GivenNoDriverOrNoSuchGpuThenNone) {
  const FakeBox box;
  EXPECT_EQ(CudaUuid(0, "/none/libcuda.so.1"), "");
  EXPECT_EQ(CudaUuid(0, "libc.so.6"), "");
  box.Become("gpu uuid=GPU-00000000-1111-2222-3333-444444444444\n");
  EXPECT_EQ(CudaUuid(1, box.library()), "");
  box.Become("gpu uuid=GPU-00000000-1111-2222-3333-444444444444\nfails cuda=999\n");
  EXPECT_EQ(CudaUuid(0, box.library()), "");
}

TEST(DeviceUuid_Test, GivenTheCpuThenNoneAndNoMemoryToRelease) {
  EXPECT_EQ(DeviceUuid(torch::Device(torch::kCPU)), "");
  ReleaseCachedMemory(torch::Device(torch::kCPU));
}

}  // namespace
}  // namespace sumscope::worker
