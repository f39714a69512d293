#include "server/jobs/scheduling/policy/plan.h"

#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/make_job.h"

namespace sumscope::jobs {
namespace {

class FirstInFirstOut_Test : public testing::Test {
 protected:
  Plan PlanAt(absl::Duration now) const { return FirstInFirstOut(queue_, fleet_, Usage(), now); }
  // Takes what the plan starts; "" for nothing.
  std::string StartAt(absl::Duration now) {
    const Plan plan = PlanAt(now);
    return plan.start.has_value() ? queue_.Take(plan.start->job)->id : "";
  }

  JobQueue queue_;
  Fleet fleet_{{"cpu0", "cpu1"}};
};

TEST_F(FirstInFirstOut_Test, NobodyWaitsThenNothingIsPlanned) {
  EXPECT_FALSE(PlanAt(kNow).start.has_value());
  EXPECT_EQ(PlanAt(kNow).look_again, absl::InfiniteDuration());
}

TEST_F(FirstInFirstOut_Test, JobWaitsThenItStartsOnTheFirstIdleSlot) {
  queue_.Add(MakeJob("j2", 2));
  queue_.Add(MakeJob("j1", 1));
  const Plan plan = PlanAt(kNow);
  EXPECT_EQ(plan.start->job, "j1");
  EXPECT_EQ(plan.start->slot, "cpu0");
  EXPECT_EQ(PlanAt(kNow).start->job, "j1") << "planning changes nothing";
}

TEST_F(FirstInFirstOut_Test, NoSlotIsIdleThenNothingStarts) {
  queue_.Add(MakeJob("j1", 1));
  fleet_.idle.clear();
  EXPECT_FALSE(PlanAt(kNow).start.has_value());
  EXPECT_EQ(PlanAt(kNow).look_again, absl::InfiniteDuration());
}

TEST_F(FirstInFirstOut_Test, AllIsPausedThenItLooksAgainAtItsEnd) {
  queue_.Add(MakeJob("j1", 1));
  queue_.PauseAll(kNow, kLongest);
  EXPECT_FALSE(PlanAt(kNow).start.has_value());
  EXPECT_EQ(PlanAt(kNow).look_again, queue_.paused_until());
  EXPECT_EQ(PlanAt(queue_.paused_until()).start->job, "j1");
}

TEST_F(FirstInFirstOut_Test, RunIsRefusedThenItIsTriedAtItsTime) {
  queue_.PutOff(MakeJob("j1", 1), kNow, kLongest);
  EXPECT_FALSE(PlanAt(kNow).start.has_value());
  EXPECT_EQ(PlanAt(kNow).look_again, queue_.NextProbe());
  EXPECT_EQ(PlanAt(queue_.NextProbe()).start->job, "j1");
}

TEST_F(FirstInFirstOut_Test, RefusedRunsAreDueBesideALongQueueThenTheyTakeTurns) {
  for (const auto& job : {MakeJob("j1", 1, "a"), MakeJob("j2", 2, "b"), MakeJob("j3", 3, "c")}) queue_.Add(job);
  queue_.PutOff(MakeJob("j8", 8, "refused"), kNow, kLongest);
  queue_.PutOff(MakeJob("j9", 9, "refused too"), kNow, kLongest);
  const absl::Duration due = kNow + kLongest;
  EXPECT_EQ(StartAt(due), "j8");
  EXPECT_EQ(StartAt(due), "j1");
  EXPECT_EQ(StartAt(due), "j9");
  EXPECT_EQ(StartAt(due), "j2");
  EXPECT_EQ(StartAt(due), "j3") << "no probe is left";
}

}  // namespace
}  // namespace sumscope::jobs
