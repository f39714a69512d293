#include "server/jobs/scheduling/policy/share_policy.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::jobs {
namespace {

void ExpectInvalid(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(ErrorReason(status), "CONFIG_INVALID") << status;
}

TEST(SharePolicy_Test, DefaultsAreValid) { EXPECT_TRUE(ValidateSharePolicy(SharePolicy()).ok()); }

TEST(SharePolicy_Test, WeightIsNoneThenItIsInvalid) {
  for (const double weight : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e-300, 1e300}) {
    SharePolicy policy;
    policy.weights["ada"] = weight;
    ExpectInvalid(ValidateSharePolicy(policy));
  }
}

TEST(SharePolicy_Test, NumberIsOutOfItsRangeThenItIsInvalid) {
  SharePolicy slice, half_life, low, not_a_number, quick;
  slice.slice = absl::ZeroDuration();
  half_life.half_life = absl::ZeroDuration();
  low.low_charge = 1.1;
  not_a_number.low_charge = std::nan("");
  quick.quick = -absl::Seconds(1);
  for (const SharePolicy& policy : {slice, half_life, low, not_a_number, quick})
    ExpectInvalid(ValidateSharePolicy(policy));
}

TEST(SharePolicy_Test, UserHasNoWeightThenItIsOne) {
  SharePolicy policy;
  policy.weights["ada"] = 2;
  EXPECT_EQ(policy.WeightOf("ada"), 2);
  EXPECT_EQ(policy.WeightOf("ben"), 1);
}

TEST(SharePolicy_Test, UserHasLimitsThenTheyGoBeforeTheRolesFieldByField) {
  SharePolicy policy;
  ASSERT_TRUE(ParseLimits({"member:running=4,waiting=500,high=2", " ada : running = 8 "}, &policy).ok());
  EXPECT_EQ(policy.LimitsOf("ada", v1::MEMBER).running, 8u);
  EXPECT_EQ(policy.LimitsOf("ada", v1::MEMBER).waiting, 500u);
  EXPECT_EQ(policy.LimitsOf("ben", v1::MEMBER).running, 4u);
  EXPECT_EQ(policy.LimitsOf("ben", v1::MEMBER).high, 2u);
  EXPECT_EQ(policy.LimitsOf("ben", v1::ADMIN).running, std::nullopt);
}

TEST(SharePolicy_Test, SharesAreGoodThenTheyAreTheWeights) {
  SharePolicy policy;
  ASSERT_TRUE(ParseShares({"ada=2", "ben = 0.5"}, &policy).ok());
  EXPECT_EQ(policy.weights, (std::map<std::string, double>{{"ada", 2}, {"ben", 0.5}}));
  ASSERT_TRUE(ParseShares({}, &policy).ok());
  EXPECT_TRUE(policy.weights.empty());
}

TEST(SharePolicy_Test, ShareIsBadThenThePolicyIsAsBefore) {
  for (const char* text : {"", "ada", "ada=", "=2", "ada=0", "ada=-1", "ada=nan", "ada=inf", "ada=2x", "Ada=2",
                           "ada=1e999", "ada=1=2", "ada=0x10000"}) {
    SharePolicy policy;
    policy.weights["eve"] = 3;
    ExpectInvalid(ParseShares({"ben=1", text}, &policy));
    EXPECT_EQ(policy.weights.size(), 1u) << text;
  }
  SharePolicy policy;
  ExpectInvalid(ParseShares({"ada=1", "ada=2"}, &policy));
}

TEST(SharePolicy_Test, LimitIsBadThenThePolicyIsAsBefore) {
  for (const char* text : {"", "ada", "ada:", ":running=1", "ada:running", "ada:running=", "ada:running=-1",
                           "ada:running=1.5", "ada:running=4294967296", "ada:speed=1", "ada:running=1,running=2",
                           "ada:running=1,", "Ada:running=1", "ada:running=1 2"}) {
    SharePolicy policy;
    policy.user_limits["eve"].running = 3;
    ExpectInvalid(ParseLimits({"ben:running=1", text}, &policy));
    EXPECT_EQ(policy.user_limits.size(), 1u) << text;
  }
  SharePolicy policy;
  ExpectInvalid(ParseLimits({"member:running=1", "member:waiting=2"}, &policy));
}

}  // namespace
}  // namespace sumscope::jobs
