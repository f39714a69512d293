// Who gives way to whom, and when.
#include "gtest/gtest.h"
#include "server/jobs/scheduling/policy/plan.h"
#include "tests/server/jobs/scheduling/policy/policy_fixture.h"

namespace sumscope::jobs {
namespace {

class Slices_Test : public PolicyFixture {};

TEST_F(Slices_Test, SliceIsOverAndAUserWithLessWaitsThenTheTrainingGivesWay) {
  Run("cpu0", "j0", "ada", kSlice);
  Wait("j1", "ben");
  Had("ada", 60);
  EXPECT_EQ(Stops(), "j0 for j1, SLICE");
}

TEST_F(Slices_Test, SliceIsNotOverThenItLooksAgainAtItsEnd) {
  Run("cpu0", "j0", "ada", kSlice / 2);
  Wait("j1", "ben");
  Had("ada", 60);
  EXPECT_EQ(Stops(), "");
  EXPECT_EQ(PlanNow().look_again, kNow + kSlice / 2);
}

TEST_F(Slices_Test, UserWithMoreWaitsThenTheTrainingGoesOnUntilItsOwnerHasMore) {
  Run("cpu0", "j0", "ada", 2 * kSlice);
  Wait("j1", "ben");
  Had("ada", 60, 2);
  Had("ben", 40);
  EXPECT_EQ(Stops(), "");
  EXPECT_EQ(PlanNow().look_again, kNow + absl::Seconds(20.6)) << "(60 + t - 0.6) / 2 = 40";
}

TEST_F(Slices_Test, OnlyTheOwnersOwnJobsWaitThenTheTrainingGoesOn) {
  Run("cpu0", "j0", "ada", 2 * kSlice);
  Wait("j1", "ada");
  Had("ada", 60);
  EXPECT_EQ(Stops(), "");
  EXPECT_EQ(PlanNow().look_again, absl::InfiniteDuration());
}

TEST_F(Slices_Test, AnalysisIsOverItsSliceThenItGoesOn) {
  Run("cpu0", "j0", "ada", 2 * kSlice).training = false;
  Wait("j1", "ben", v1::HIGH);
  Had("ada", 60);
  EXPECT_EQ(Stops(), "");
}

TEST_F(Slices_Test, ManySlicesAreOverThenAsManyGiveWayAsWait) {
  for (const char* slot : {"cpu0", "cpu1", "cpu2"}) {
    Run(slot, std::string("j of ") + slot, "ada", kSlice + absl::Seconds(slot[3] - '0'));
  }
  Had("ada", 600);
  Wait("j1", "ben");
  EXPECT_EQ(Stops(), "j of cpu2 for j1, SLICE") << "which has had its slot for longest";
  fleet_["cpu2"].running->stopping = true;
  EXPECT_EQ(Stops(), "");
  fleet_["cpu2"].running.reset();  // its worker comes up again
  EXPECT_EQ(Stops(), "");
  Wait("j2", "eve");
  EXPECT_EQ(Stops(), "j of cpu1 for j2, SLICE");
}

TEST_F(Slices_Test, UserWithMostGivesWayFirst) {
  Run("cpu0", "j0", "ada", kSlice);
  Run("cpu1", "j1", "eve", kSlice);
  Had("ada", 200);
  Had("eve", 500, 5);
  Wait("j2", "ben");
  EXPECT_EQ(Stops(), "j0 for j2, SLICE");
}

TEST_F(Slices_Test, UserHasAllSlotsThenTheyYieldUntilUsersAreEven) {
  Run("cpu0", "j0", "ada", kSlice);
  Run("cpu1", "j1", "ben", absl::ZeroDuration());
  Had("ada", 120);
  Had("ben", 60);
  Wait("j2", "ben");
  EXPECT_EQ(Stops(), "") << "ben is about to take a slice, and then has as much as ada";
  Had("ada", 121);
  EXPECT_EQ(Stops(), "j0 for j2, SLICE");
}

TEST_F(Slices_Test, HighWaitsThenTheLowestGivesWayAtOnce) {
  Run("cpu0", "j0", "ada", absl::Seconds(1));
  Run("cpu1", "j1", "ben", absl::Seconds(1), v1::LOW);
  Run("cpu2", "j2", "eve", absl::Seconds(1));
  Had("ada", 100);
  Had("eve", 200);
  Wait("j3", "eve", v1::HIGH);
  EXPECT_EQ(Stops(), "j1 for j3, PRIORITY");
  fleet_["cpu1"].running->stopping = true;
  EXPECT_EQ(Stops(), "") << "one for one";
  fleet_["cpu1"].running->stopping = true;
  EXPECT_EQ(Stops(), "") << "one for one";
  Wait("j4", "eve", v1::HIGH);
  EXPECT_EQ(Stops(), "j2 for j4, PRIORITY") << "of the same user too";
}

TEST_F(Slices_Test, NormalWaitsThenLowGivesWayAtTheEndOfItsSlice) {
  Run("cpu0", "j0", "ada", kSlice / 2, v1::LOW);
  Wait("j1", "ada");
  EXPECT_EQ(Stops(), "");
  EXPECT_EQ(PlanNow().look_again, kNow + kSlice / 2);
  EXPECT_EQ(PlanAt(kNow + kSlice / 2).stop->reason, "PRIORITY");
}

TEST_F(Slices_Test, LowWaitsThenNormalGoesOn) {
  Run("cpu0", "j0", "ada", 2 * kSlice);
  Had("ada", 600);
  Wait("j1", "ben", v1::LOW);
  EXPECT_EQ(Stops(), "");
  EXPECT_EQ(PlanNow().look_again, absl::InfiniteDuration());
}

TEST_F(Slices_Test, UserAtTheirLimitWaitsThenOnlyTheirOwnLowerJobGivesWay) {
  Run("cpu0", "j0", "ada", kSlice);
  Run("cpu1", "j1", "ben", kSlice);
  Had("ada", 600);
  Had("ben", 0, 1, /*running_limit=*/1);
  Wait("j2", "ben");
  EXPECT_EQ(Stops(), "");
  Wait("j3", "ben", v1::HIGH);
  EXPECT_EQ(Stops(), "j1 for j3, PRIORITY");
  fleet_["cpu1"].running->stopping = true;
  EXPECT_EQ(Stops(), "") << "one for one";
}

TEST_F(Slices_Test, SlotIsClosedOrTooSmallThenItsTrainingGoesOn) {
  Run("cuda0", "j0", "ada", kSlice).memory_bytes = 50;
  fleet_["cuda0"].memory_bytes = 10;
  Had("ada", 600);
  storage::Job job = Waiting("j1", "ben");
  job.memory_bytes = 61;
  queue_.Add(job);
  EXPECT_EQ(Stops(), "");
  job.memory_bytes = 60;
  queue_.Add(job);
  EXPECT_EQ(Stops(), "j0 for j1, SLICE");
  fleet_["cuda0"].closed = "DEVICE_BUSY_OUTSIDE";
  EXPECT_EQ(Stops(), "");
}

TEST_F(Slices_Test, RefusedRunIsDueThenATrainingGivesWayToIt) {
  Run("cpu0", "j0", "ada", kSlice);
  Had("ada", 600);
  queue_.PutOff(Waiting("j1", "ben"), kNow, kLongest);
  EXPECT_EQ(Stops(), "");
  EXPECT_EQ(PlanAt(kNow + kLongest).stop->for_job, "j1");
}

// One slot, two users, always one who waits: each slice changes hands.
TEST_F(Slices_Test, TwoUsersHaveWorkThenTheyTakeTurns) {
  std::string turns;
  storage::Job ada = Waiting("j1", "ada"), ben = Waiting("j2", "ben");
  Run("cpu0", "j1", "ada", absl::ZeroDuration());
  queue_.Add(ben);
  for (absl::Duration now = kNow; now < kNow + 6 * kSlice; now += absl::Seconds(1)) {
    const Plan plan = PlanAt(now);
    if (plan.stop.has_value()) {
      const bool to_ada = plan.stop->for_job == "j1";
      turns += to_ada ? 'a' : 'b';
      EXPECT_TRUE(queue_.Take(plan.stop->for_job).has_value());
      queue_.Add(to_ada ? ben : ada);
      RunningJob& running = Run("cpu0", plan.stop->for_job, to_ada ? "ada" : "ben", absl::ZeroDuration());
      running.since = now;
    }
    shares_[fleet_["cpu0"].running->owner].device_seconds += 1;
  }
  EXPECT_EQ(turns, "babab");
}

}  // namespace
}  // namespace sumscope::jobs
