#include "client/cli/arguments/names.h"

#include <gtest/gtest.h>

#include "client/cli/arguments/filter_times.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {
namespace {

TEST(Names_Test, GivenARunInAnyFormThenItsName) {
  EXPECT_EQ(*RunNameOf("r7k2"), "runs/r7k2");
  EXPECT_EQ(*RunNameOf("runs/r7k2"), "runs/r7k2");
  EXPECT_EQ(*RunNameOf("@last"), "runs/@last");
  for (const char* bad : {"", "runs/", "R7", "r7 k", "@first", "r7/x", "../x"}) {
    EXPECT_EQ(ErrorReason(RunNameOf(bad).status()), "RESOURCE_NAME_INVALID") << bad;
  }
}

TEST(Names_Test, GivenARunWithStepThenItsCheckpoint) {
  EXPECT_EQ(CheckpointNameOf("r7@100")->checkpoint, "runs/r7/checkpoints/100");
  EXPECT_FALSE(CheckpointNameOf("r7@100")->last);
  EXPECT_EQ(CheckpointNameOf("r7")->checkpoint, "runs/r7/checkpoints/last");
  EXPECT_TRUE(CheckpointNameOf("r7@last")->last);
  EXPECT_EQ(CheckpointNameOf("@last@5")->checkpoint, "runs/@last/checkpoints/5");
  EXPECT_TRUE(CheckpointNameOf("@last")->last);
  EXPECT_EQ(CheckpointNameOf("runs/r7/checkpoints/9")->run, "runs/r7");
  for (const char* bad : {"r7@", "r7@x", "r7@-1", "r7@01", "@", "r7@1@2"}) {
    EXPECT_FALSE(CheckpointNameOf(bad).ok()) << bad;
  }
}

TEST(Names_Test, GivenSettingsThenTheyAreAppliedAndLaterOnesWin) {
  v1::TrainSpec spec;
  ASSERT_TRUE(ApplySettings({"d_model=96,d_head=32", "learning_rate=1e-3", "d_model=48"}, &spec).ok());
  EXPECT_EQ(spec.d_model(), 48u);
  EXPECT_EQ(spec.d_head(), 32u);
  EXPECT_EQ(spec.learning_rate(), 1e-3);
  EXPECT_EQ(ErrorReason(ApplySettings({"d_modle=96"}, &spec)), "UNKNOWN_FIELD");
  EXPECT_EQ(ErrorReason(ApplySettings({"d_model=wide"}, &spec)), "FIELD_TYPE");
  EXPECT_EQ(ErrorReason(ApplySettings({"d_model"}, &spec)), "SETTING_INVALID");
  EXPECT_EQ(ErrorReason(ApplySettings({"d_model=1,"}, &spec)), "SETTING_INVALID");
  EXPECT_EQ(ErrorReason(ApplySettings({"d_model=1,d_model=2"}, &spec)), "SETTING_INVALID");
}

TEST(Names_Test, GivenLabelsThenKeysAndValues) {
  EXPECT_EQ(ParseLabels({"a=b=c", "d="})->at("a"), "b=c");
  EXPECT_EQ(ErrorReason(ParseLabels({"a"}).status()), "LABEL_INVALID");
  EXPECT_EQ(ErrorReason(ParseLabels({"=b"}).status()), "LABEL_INVALID");
}

TEST(FilterTimes_Test, GivenRelativeTimesThenTheyAreAbsolute) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);  // 2023-11-14T22:13:20
  EXPECT_EQ(WithAbsoluteTimes("create_time > -7d", now), "create_time > \"2023-11-07T22:13:20+00:00\"");
  EXPECT_EQ(WithAbsoluteTimes("(end_time>=-90m) AND state = RUNNING", now),
            "(end_time>=\"2023-11-14T20:43:20+00:00\") AND state = RUNNING");
  EXPECT_EQ(WithAbsoluteTimes("labels.x=1 end_time < -1s", now), "labels.x=1 end_time < \"2023-11-14T22:13:19+00:00\"");
  for (const char* filter :
       {"create_time > -7", "end_time = \"> -7d\"", "-7d = end_time", "end_time = -7x", "NOT -a = 1", "a > 2026-11-22",
        "a = \"x", "labels.offset = -7d", "create_time > 2026-11-22 AND labels.offset = -7d"}) {
    EXPECT_EQ(WithAbsoluteTimes(filter, now), filter);
  }
}

}  // namespace
}  // namespace sumscope::client
