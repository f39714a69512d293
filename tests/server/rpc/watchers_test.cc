#include "server/rpc/watchers.h"

#include <gtest/gtest.h>

namespace sumscope::rpc {
namespace {

TEST(Watchers_Test, OneMoreThanThereMayBeIsRefusedUntilOneLeaves) {
  Watchers watchers(2);
  auto first = watchers.Enter();
  const auto second = watchers.Enter();
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  const auto third = watchers.Enter();
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(third.status()), "TOO_MANY_WATCHERS");
  first->reset();
  EXPECT_TRUE(watchers.Enter().ok());
}

}  // namespace
}  // namespace sumscope::rpc
