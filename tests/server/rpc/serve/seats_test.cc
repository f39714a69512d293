#include "server/rpc/serve/streams/seats.h"

#include <gtest/gtest.h>

namespace sumscope::rpc {
namespace {

TEST(Seats_Test, OneMoreThanThereMayBeIsRefusedUntilOneLeaves) {
  Seats seats(2, "TOO_MANY_WATCHERS", "watches");
  auto first = seats.Enter();
  const auto second = seats.Enter();
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  const auto third = seats.Enter();
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(third.status()), "TOO_MANY_WATCHERS");
  first->reset();
  EXPECT_TRUE(seats.Enter().ok());
}

}  // namespace
}  // namespace sumscope::rpc
