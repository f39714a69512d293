#include "server/auth/rights.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "tests/support/public_methods.h"

namespace sumscope::auth {
namespace {

TEST(Rights_Test, EveryMethodIsInTheTable) {
  for (const auto* method : PublicMethods()) {
    EXPECT_TRUE(CheckRight({"ada", Role::kOwner}, PathOf(*method)).ok()) << PathOf(*method);
  }
}

TEST(Rights_Test, MethodIsUnknownThenNobodyMayCallIt) {
  for (const char* method : {"", "/sumscope.v1.RunService/Nonsense", "GetRun"}) {
    const absl::Status status = CheckRight({"ada", Role::kOwner}, method);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << method;
    EXPECT_EQ(ErrorReason(status), "METHOD_DENIED") << method;
  }
}

}  // namespace
}  // namespace sumscope::auth
