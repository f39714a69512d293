#include "server/queue_config.h"

#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"

namespace sumscope {
namespace {

// What the text makes of the policy, or why it is refused.
absl::StatusOr<jobs::SharePolicy> PolicyOf(const std::string& text) {
  ServerConfig config;
  if (const absl::Status read = ReadConfigText(text, "x.toml", &config); !read.ok()) return read;
  return SharePolicyOf(config);
}

TEST(QueueConfig_Test, NothingIsSaidThenTheDefaults) {
  const absl::StatusOr<jobs::SharePolicy> policy = PolicyOf("");
  ASSERT_TRUE(policy.ok()) << policy.status();
  const jobs::SharePolicy defaults;
  EXPECT_EQ(policy->slice, defaults.slice);
  EXPECT_EQ(policy->half_life, defaults.half_life);
  EXPECT_EQ(policy->low_charge, defaults.low_charge);
  EXPECT_EQ(policy->quick, defaults.quick);
  EXPECT_TRUE(policy->weights.empty());
}

TEST(QueueConfig_Test, EveryKeyIsTaken) {
  const absl::StatusOr<jobs::SharePolicy> policy = PolicyOf(
      "slice_minutes = 0.05\nhalf_life_hours = 12\nlow_charge = 0.25\nquick_seconds = 3\n"
      "shares = ['ada=2', 'ben=0.5']\nlimits = ['member:running=4,waiting=500,high=2', 'ada:running=8']\n");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->slice, absl::Seconds(3));
  EXPECT_EQ(policy->half_life, absl::Hours(12));
  EXPECT_EQ(policy->low_charge, 0.25);
  EXPECT_EQ(policy->quick, absl::Seconds(3));
  EXPECT_EQ(policy->WeightOf("ada"), 2);
  EXPECT_EQ(policy->WeightOf("ben"), 0.5);
  EXPECT_EQ(policy->WeightOf("eve"), 1);
  EXPECT_EQ(policy->LimitsOf("ada", v1::MEMBER).running, 8u);
  EXPECT_EQ(policy->LimitsOf("ada", v1::MEMBER).waiting, 500u) << "of the role";
  EXPECT_EQ(policy->LimitsOf("ben", v1::MEMBER).high, 2u);
  EXPECT_FALSE(policy->LimitsOf("ben", v1::ADMIN).running.has_value());
}

TEST(QueueConfig_Test, WhatMakesNoSenseIsRefused) {
  for (const char* text : {"shares = ['ada=0']",
                           "shares = ['ada=-1']",
                           "shares = ['ada=nan']",
                           "shares = ['ada=inf']",
                           "shares = ['ada']",
                           "shares = ['=2']",
                           "shares = ['ada=']",
                           "shares = ['ada=x']",
                           "shares = ['ada=1', 'ada=2']",
                           "shares = 'ada=2'",
                           "slice_minutes = 0",
                           "slice_minutes = -5",
                           "slice_minutes = nan",
                           "slice_minutes = 0.001",
                           "slice_minutes = inf",
                           "half_life_hours = 0",
                           "half_life_hours = nan",
                           "low_charge = -0.1",
                           "low_charge = 1.1",
                           "low_charge = nan",
                           "quick_seconds = -1",
                           "quick_seconds = nan",
                           "limits = ['member']",
                           "limits = ['member:']",
                           "limits = ['member:running']",
                           "limits = ['member:running=-1']",
                           "limits = ['member:running=1.5']",
                           "limits = ['member:walking=1']",
                           "limits = ['member:running=1,running=2']",
                           "limits = ['member:running=1', 'member:high=2']",
                           "limits = ['a b:running=1']",
                           "limits = [4]"}) {
    EXPECT_EQ(ErrorReason(PolicyOf(text).status()), "CONFIG_INVALID") << text;
  }
}

TEST(QueueConfig_Test, KeysOfDevicesAreReadAndChecked) {
  ServerConfig config;
  ASSERT_TRUE(
      ReadConfigText("foreign_memory_mib = 9\nyield_to_foreign = true\nslots_per_gpu = 3\nnvml_library = '/x'\n",
                     "x.toml", &config)
          .ok());
  EXPECT_EQ(config.foreign_memory_mib, 9u);
  EXPECT_TRUE(config.yield_to_foreign);
  EXPECT_EQ(config.slots_per_gpu, 3u);
  EXPECT_EQ(config.nvml_library, "/x");
  config.listen = {"unix:/run/x.sock"};
  config.slots = {{"cpu0", "cpu", 2}};
  EXPECT_TRUE(ValidateConfig(config).ok());
  config.slots_per_gpu = 0;
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID");
  config.slots_per_gpu = 1;
  config.shares = {"ada=0"};
  EXPECT_EQ(ErrorReason(ValidateConfig(config)), "CONFIG_INVALID") << "a server does not start with such shares";
}

}  // namespace
}  // namespace sumscope
