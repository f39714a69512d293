#include "server/transport/descriptor_budget.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "proto/contract/limits.h"

namespace sumscope::transport {
namespace {

TEST(DescriptorBudget_Test, SmallLimitLeavesMostToFilesAndLargeOneHasAMaximum) {
  const DescriptorBudget small = DivideDescriptors(64);
  EXPECT_EQ(small.first_connection, 48);
  EXPECT_EQ(small.connections, 16u);
  const DescriptorBudget usual = DivideDescriptors(limits::kWantedDescriptors);
  EXPECT_EQ(usual.first_connection, static_cast<int>(limits::kReservedDescriptors));
  EXPECT_EQ(usual.connections, limits::kMaxConnections);
}

// A server under `ulimit -Sn 64` had 64 descriptors, though it may have as many as the hard limit says.
TEST(DescriptorBudget_Test, SoftLimitIsRaised) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const DescriptorBudget budget = RaiseDescriptorLimit();
  rlimit after = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(budget.limit, std::min<uint64_t>(before.rlim_max, limits::kWantedDescriptors));
  EXPECT_EQ(after.rlim_cur, budget.limit);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace sumscope::transport
