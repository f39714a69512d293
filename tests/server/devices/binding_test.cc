#include "server/devices/binding.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope::devices {
namespace {

TEST(CheckBinding_Test, GivenTheSameGpuThenOkWhateverPrefixAndCase) {
  EXPECT_TRUE(CheckBinding("cuda:0", "GPU-ab-12", "GPU-ab-12").ok());
  EXPECT_TRUE(CheckBinding("cuda:0", "GPU-ab-12", "AB-12").ok());
  EXPECT_TRUE(CheckBinding("cuda:0", "MIG-ab-12", "GPU-ab-12").ok());
}

TEST(CheckBinding_Test, GivenAnotherGpuThenMismatch) {
  EXPECT_EQ(ErrorReason(CheckBinding("cuda:0", "GPU-ab-12", "GPU-ab-13")), "DEVICE_MISMATCH");
}

TEST(CheckBinding_Test, GivenNobodyWhoKnowsThenOk) {
  EXPECT_TRUE(CheckBinding("cuda:0", "", "GPU-ab-13").ok());
  EXPECT_TRUE(CheckBinding("cuda:0", "GPU-ab-12", "").ok());
}

}  // namespace
}  // namespace sumscope::devices
