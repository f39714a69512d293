#include "server/jobs/scheduling/policy/plan.h"

#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/policy/policy_fixture.h"

namespace sumscope::jobs {
namespace {

class MakePlan_Test : public PolicyFixture {
 protected:
  // Takes what the plan starts; "" for nothing.
  std::string StartAt(absl::Duration now) {
    const Plan plan = PlanAt(now);
    return plan.start.has_value() ? queue_.Take(plan.start->job)->id : "";
  }
};

TEST_F(MakePlan_Test, NobodyWaitsThenNothingIsPlanned) {
  Idle("cpu0");
  Run("cpu1", "j0", "ada", kSlice);
  EXPECT_EQ(Starts() + Stops(), "");
  EXPECT_EQ(PlanNow().look_again, absl::InfiniteDuration());
}

TEST_F(MakePlan_Test, JobWaitsThenItStartsOnTheFirstIdleSlot) {
  Idle("cpu1");
  Idle("cpu0");
  Wait("j1", "ada");
  Wait("j2", "ada");
  EXPECT_EQ(Starts(), "j1 on cpu0");
  EXPECT_EQ(Starts(), "j1 on cpu0") << "planning changes nothing";
}

TEST_F(MakePlan_Test, NoSlotIsIdleThenNothingStarts) {
  Wait("j1", "ada");
  EXPECT_EQ(Starts() + Stops(), "");
  EXPECT_EQ(PlanNow().look_again, absl::InfiniteDuration());
}

TEST_F(MakePlan_Test, SlotIsClosedThenItIsNotUsed) {
  Idle("cuda0").closed = "DEVICE_BUSY_OUTSIDE";
  Wait("j1", "ada");
  EXPECT_EQ(Starts(), "");
  Idle("cuda1");
  EXPECT_EQ(Starts(), "j1 on cuda1");
}

TEST_F(MakePlan_Test, ClassGoesBeforeUsageAndUsageBeforeAge) {
  Idle("cpu0");
  Wait("j1", "ada");
  Wait("j2", "ben");
  Wait("j3", "eve", v1::LOW);
  Wait("j4", "ada", v1::HIGH);
  Had("ada", 100);
  EXPECT_EQ(Starts(), "j4 on cpu0");
  queue_.Remove("j4");
  EXPECT_EQ(Starts(), "j2 on cpu0");
  queue_.Remove("j2");
  EXPECT_EQ(Starts(), "j1 on cpu0");
  queue_.Remove("j1");
  EXPECT_EQ(Starts(), "j3 on cpu0");
}

TEST_F(MakePlan_Test, WeightDividesUsage) {
  Idle("cpu0");
  Wait("j1", "ada");
  Wait("j2", "ben");
  Had("ada", 100, 1);
  Had("ben", 150, 2);
  EXPECT_EQ(Starts(), "j2 on cpu0");
}

TEST_F(MakePlan_Test, SlotsComeFreeAtOnceThenUsersShareThem) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Idle("cpu1");
  Wait("j1", "ada");
  Wait("j2", "ben");
  EXPECT_EQ(Starts(), "j2 on cpu1") << "ada is about to take a slice";
}

TEST_F(MakePlan_Test, UsageThatIsNotChargedYetCounts) {
  Idle("cpu1");
  RunningJob& running = Run("cpu0", "j0", "ada", 3 * kSlice);
  Wait("j1", "ada");
  Wait("j2", "ben");
  Had("ben", 60);
  EXPECT_EQ(Starts(), "j1 on cpu1");
  running.charged_until = kNow - 2 * kSlice;
  EXPECT_EQ(Starts(), "j2 on cpu1");
}

TEST_F(MakePlan_Test, UserIsAtTheirLimitThenOthersStart) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Idle("cpu1");
  Wait("j1", "ada", v1::HIGH);
  Had("ada", 0, 1, /*running_limit=*/1);
  EXPECT_EQ(Starts(), "");
  Wait("j2", "ben");
  EXPECT_EQ(Starts(), "j2 on cpu1");
  Had("ada", 0, 1, /*running_limit=*/2);
  EXPECT_EQ(Starts(), "j1 on cpu1");
}

TEST_F(MakePlan_Test, LimitIsBelowWhatRunsThenNothingOfTheUserStarts) {
  Run("cpu0", "j0", "ada", kSlice);
  Run("cpu1", "j1", "ada", kSlice);
  Idle("cpu2");
  Wait("j2", "ada");
  Had("ada", 0, 1, /*running_limit=*/1);
  EXPECT_EQ(Starts() + Stops(), "");
}

TEST_F(MakePlan_Test, SweepHasAsManyTrainingsAsItMayThenItsOthersWait) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration()).sweep = "s";
  Idle("cpu1");
  storage::Job job = Waiting("j1", "ada");
  job.sweep = "s";
  queue_.Add(job);
  sweeps_["s"] = 1;
  EXPECT_EQ(Starts(), "");
  Wait("j2", "ada");
  EXPECT_EQ(Starts(), "j2 on cpu1");
  job.analysis = "a";
  queue_.Add(job);
  EXPECT_EQ(Starts(), "j1 on cpu1") << "analyses of a sweep's runs are not bounded";
}

TEST_F(MakePlan_Test, JobIsHeldOrBehindARunThenItDoesNotStart) {
  Idle("cpu0");
  storage::Job held = Waiting("j1", "ada"), behind = Waiting("j2", "ada");
  held.held_by = "ada";
  behind.dependencies = {"r"};
  queue_.Add(held);
  queue_.Add(behind);
  EXPECT_EQ(Starts(), "");
  EXPECT_EQ(queue_.DependencyDone("r").size(), 1u);
  EXPECT_EQ(Starts(), "j2 on cpu0");
  held.held_by.clear();
  EXPECT_TRUE(queue_.Replace(held));
  EXPECT_EQ(Starts(), "j1 on cpu0");
}

TEST_F(MakePlan_Test, MemoryIsShortThenASmallerJobOfTheUserStarts) {
  Idle("cuda0").memory_bytes = 100;
  storage::Job large = Waiting("j1", "ada"), small = Waiting("j2", "ada");
  large.memory_bytes = 101;
  small.memory_bytes = 100;
  queue_.Add(large);
  EXPECT_EQ(Starts(), "");
  queue_.Add(small);
  EXPECT_EQ(Starts(), "j2 on cuda0");
  Idle("cuda1").memory_bytes = 0;  // nobody knows
  EXPECT_EQ(Starts(), "j1 on cuda1");
}

TEST_F(MakePlan_Test, QuickSlotTakesQuickJobsAlone) {
  Idle("quick-cpu", /*quick=*/true);
  Wait("j1", "ada");
  EXPECT_EQ(Starts(), "");
  WaitQuick("j2", "ada");
  EXPECT_EQ(Starts(), "j2 on quick-cpu");
}

TEST_F(MakePlan_Test, QuickSlotIsBusyThenQuickJobsLetNobodyGiveWay) {
  Run("quick-cpu", "j0", "ada", absl::ZeroDuration()).training = false;
  fleet_["quick-cpu"].quick = true;
  Run("cpu1", "j9", "eve", kSlice);
  Had("eve", 100);
  WaitQuick("j1", "ben");
  EXPECT_EQ(Starts() + Stops(), "");
}

// Five evaluations took turns on the lane, and two slots were idle.
TEST_F(MakePlan_Test, QuickSlotIsBusyOrAsleepThenQuickJobsTakeAnotherThatIsIdle) {
  Idle("quick-cpu", /*quick=*/true).idle = false;
  Idle("cpu0");
  WaitQuick("j1", "ben");
  EXPECT_EQ(Starts(), "j1 on cpu0");
  Run("quick-cpu", "j0", "ada", absl::ZeroDuration()).training = false;
  fleet_["quick-cpu"].quick = true;
  EXPECT_EQ(Starts(), "j1 on cpu0");
  Had("ben", 0, 1, /*running_limit=*/1);
  Run("cpu1", "j2", "ben", absl::ZeroDuration());
  EXPECT_EQ(Starts(), "") << "there its owner's limit holds";
}

TEST_F(MakePlan_Test, QuickJobCannotStartYetThenNoneIsReady) {
  WaitQuick("j1", "ben");
  EXPECT_TRUE(queue_.ready().HasQuick());
  storage::Job held = *queue_.Remove("j1");
  held.held_by = "ben";
  queue_.Add(held);
  held.id = "j2";
  held.held_by = "";
  held.dependencies = {"r1"};
  queue_.Add(held);
  Wait("j3", "ben");
  EXPECT_FALSE(queue_.ready().HasQuick());
}

TEST_F(MakePlan_Test, NoQuickSlotIsOpenThenQuickJobsTakeOthers) {
  Idle("cpu0");
  WaitQuick("j1", "ada");
  EXPECT_EQ(Starts(), "j1 on cpu0");
  Idle("quick-cpu", /*quick=*/true).closed = "NO_WORKER";
  EXPECT_EQ(Starts(), "j1 on cpu0");
}

TEST_F(MakePlan_Test, UserIsAtTheirLimitThenTheQuickLaneIsOpenToThem) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Idle("cpu1");
  Idle("quick-cpu", /*quick=*/true);
  Had("ada", 0, 1, /*running_limit=*/1);
  WaitQuick("j1", "ada");
  EXPECT_EQ(Starts(), "j1 on quick-cpu");
}

TEST_F(MakePlan_Test, AllIsPausedThenItLooksAgainAtItsEnd) {
  Idle("cpu0");
  Run("cpu1", "j0", "eve", kSlice);
  Had("eve", 100);
  Wait("j1", "ada");
  queue_.PauseAll(kNow, kLongest);
  EXPECT_EQ(Starts() + Stops(), "");
  EXPECT_EQ(PlanNow().look_again, queue_.paused_until());
  EXPECT_EQ(PlanAt(queue_.paused_until()).start->job, "j1");
}

TEST_F(MakePlan_Test, RunIsRefusedThenItIsTriedAtItsTime) {
  Idle("cpu0");
  queue_.PutOff(MakeJob("j1", 1), kNow, kLongest);
  EXPECT_EQ(Starts(), "");
  EXPECT_EQ(PlanNow().look_again, queue_.NextProbe());
  EXPECT_EQ(PlanAt(queue_.NextProbe()).start->job, "j1");
}

TEST_F(MakePlan_Test, RefusedRunIsDueAndNoSlotIsIdleThenItDoesNotLookAgainAtOnce) {
  Run("cpu0", "j0", "", absl::ZeroDuration());
  queue_.PutOff(MakeJob("j1", 1), kNow - kLongest, kLongest);
  EXPECT_EQ(PlanNow().look_again, absl::InfiniteDuration());
}

TEST_F(MakePlan_Test, RefusedRunsAreDueBesideALongQueueThenTheyTakeTurns) {
  Idle("cpu0");
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

TEST_F(MakePlan_Test, RefusedRunOfAUserAtTheirLimitIsDueThenAnotherIsTried) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Idle("cpu1");
  Had("ada", 0, 1, /*running_limit=*/1);
  queue_.PutOff(Waiting("j1", "ada"), kNow - kLongest, kLongest);
  EXPECT_EQ(Starts(), "");
  queue_.PutOff(Waiting("j2", "ben"), kNow - kLongest, kLongest);
  EXPECT_EQ(Starts(), "j2 on cpu1");
}

}  // namespace
}  // namespace sumscope::jobs
