#include "server/jobs/scheduling/policy/outlook/explain.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/policy/policy_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Explain_Test : public PolicyFixture {
 protected:
  WaitReason Why(const std::string& job) const {
    const Situation situation = At(kNow);
    const storage::Job* const found = situation.queue.Find(job);
    return found == nullptr ? WaitReason() : Explainer(situation).Explain(*found);
  }
  std::string Order() const {
    std::string ids;
    const Explainer explainer(At(kNow));
    for (const storage::Job* job : explainer.order()) ids += job->id;
    return ids;
  }
};

TEST_F(Explain_Test, JobDoesNotWaitThenThereIsNoReason) { EXPECT_EQ(Why("j1").reason, ""); }

TEST_F(Explain_Test, JobIsHeldThenItSaysSo) {
  Idle("cpu0");
  storage::Job job = Waiting("j1", "ada");
  job.held_by = "ben";
  job.dependencies = {"r"};
  queue_.Add(job);
  EXPECT_EQ(Why("j1").reason, "HELD");
}

TEST_F(Explain_Test, JobIsBehindARunThenItSaysSo) {
  Idle("cpu0");
  storage::Job job = Waiting("j1", "ada");
  job.dependencies = {"r"};
  queue_.Add(job);
  EXPECT_EQ(Why("j1").reason, "DEPENDENCY");
}

TEST_F(Explain_Test, StorageRefusesThenItsReasonIsTold) {
  Idle("cpu0");
  storage::Job job = Waiting("j1", "ada");
  job.reason = "DISK_FULL";
  queue_.PutOff(job, kNow, kLongest);
  EXPECT_EQ(Why("j1").reason, "DISK_FULL");
}

TEST_F(Explain_Test, UserIsAtTheirLimitThenTheirJobsHoldIt) {
  Run("cpu0", "j0", "ada", kSlice);
  Run("cpu1", "j9", "ben", kSlice);
  Had("ada", 0, 1, /*running_limit=*/1);
  Wait("j1", "ada");
  EXPECT_EQ(Why("j1").reason, "USER_LIMIT");
  EXPECT_THAT(Why("j1").holders, ElementsAre("j0"));
}

TEST_F(Explain_Test, SweepIsFullThenItsTrainingsHoldIt) {
  Run("cpu0", "j0", "ada", kSlice).sweep = "s";
  Run("cpu1", "j9", "ada", kSlice);
  sweeps_["s"] = 1;
  storage::Job job = Waiting("j1", "ada");
  job.sweep = "s";
  queue_.Add(job);
  EXPECT_EQ(Why("j1").reason, "USER_LIMIT");
  EXPECT_THAT(Why("j1").holders, ElementsAre("j0"));
}

TEST_F(Explain_Test, EverySlotIsClosedThenTheClosedSlotsAreNamed) {
  Wait("j1", "ada");
  EXPECT_EQ(Why("j1").reason, "NO_WORKER") << "no slot at all";
  Idle("cuda0").closed = "NO_WORKER";
  EXPECT_EQ(Why("j1").reason, "NO_WORKER");
  SlotState& busy = Idle("cuda1");
  busy.closed = "DEVICE_BUSY_OUTSIDE";
  busy.closed_detail = "process 4711 of eve";
  EXPECT_EQ(Why("j1").reason, "DEVICE_BUSY_OUTSIDE");
  EXPECT_EQ(Why("j1").detail, "process 4711 of eve");
  EXPECT_THAT(Why("j1").closed_slots, ElementsAre("cuda0", "cuda1"));
  Idle("cuda0").closed = "DRAINING";
  fleet_.erase("cuda1");
  EXPECT_EQ(Why("j1").reason, "DRAINING");
}

TEST_F(Explain_Test, NoSlotBringsUpAWorkerThenNoneIsSaidToComeFree) {
  Idle("cpu0").idle = false;  // its worker starts, again and again
  storage::Job job = Waiting("j1", "ada");
  queue_.Add(job);
  EXPECT_EQ(Why("j1").reason, "RESOURCES");
  job.reason = "NO_WORKER";
  job.detail = "exited with status 3";
  queue_.Add(job);
  EXPECT_EQ(Why("j1").reason, "NO_WORKER");
  EXPECT_EQ(Why("j1").detail, "exited with status 3");
  Idle("cpu1");
  EXPECT_EQ(Why("j1").reason, "RESOURCES");
}

TEST_F(Explain_Test, NoSlotIsLargeEnoughThenMemoryIsTheReason) {
  Run("cuda0", "j0", "ada", kSlice).memory_bytes = 50;
  fleet_["cuda0"].memory_bytes = 10;
  storage::Job job = Waiting("j1", "ben");
  job.memory_bytes = 61;
  queue_.Add(job);
  EXPECT_EQ(Why("j1").reason, "DEVICE_MEMORY");
  job.memory_bytes = 60;
  queue_.Add(job);
  EXPECT_NE(Why("j1").reason, "DEVICE_MEMORY");
}

TEST_F(Explain_Test, OthersAreBeforeItThenPriorityIsTheReason) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Wait("j1", "ada");
  Wait("j2", "ada");
  EXPECT_EQ(Why("j2").reason, "PRIORITY");
  EXPECT_EQ(Why("j2").before, 1u);
  EXPECT_THAT(Why("j2").holders, ElementsAre("j0"));
  EXPECT_EQ(Why("j1").reason, "RESOURCES");
}

TEST_F(Explain_Test, ItIsNextThenTheEarliestSliceHoldsIt) {
  Run("cpu0", "j0", "ada", absl::Seconds(10));
  Run("cpu1", "j1", "ada", absl::Seconds(20));
  Run("cpu2", "j2", "ben", absl::Seconds(30));
  Had("ada", 600);
  Wait("j3", "ben");
  EXPECT_EQ(Why("j3").reason, "SLICE");
  EXPECT_THAT(Why("j3").holders, ElementsAre("j1", "j0"));
}

TEST_F(Explain_Test, ItIsNextAndNobodyGivesWayThenTheEarliestEndHoldsIt) {
  Run("cpu0", "j0", "ada", absl::Seconds(10)).expected_seconds = 100;
  Run("cpu1", "j1", "ada", absl::Seconds(20)).expected_seconds = 50;
  Wait("j2", "ada");
  EXPECT_EQ(Why("j2").reason, "RESOURCES");
  EXPECT_THAT(Why("j2").holders, ElementsAre("j1", "j0"));
}

TEST_F(Explain_Test, QuickJobWaitsForTheQuickSlotAlone) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Run("quick-cpu", "j1", "ada", absl::ZeroDuration()).training = false;
  fleet_["quick-cpu"].quick = true;
  Wait("j2", "ada");
  WaitQuick("j3", "ada");
  EXPECT_EQ(Why("j3").reason, "RESOURCES");
  EXPECT_EQ(Why("j3").before, 0u);
  EXPECT_THAT(Why("j3").holders, ElementsAre("j1"));
}

TEST_F(Explain_Test, QuickLaneHasNoWorkerYetThenItSaysSo) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration());
  Idle("quick-cpu", /*quick=*/true).idle = false;
  WaitQuick("j3", "ada");
  EXPECT_EQ(Why("j3").detail, "the worker of the quick lane is starting");
}

TEST_F(Explain_Test, SlotIsIdleThenNobodyHoldsIt) {
  Idle("cpu0");
  Wait("j1", "ada");
  EXPECT_EQ(Why("j1").reason, "RESOURCES");
  EXPECT_THAT(Why("j1").holders, IsEmpty());
}

TEST_F(Explain_Test, OrderIsThatOfStartsAndThoseThatCannotStartAreLast) {
  policy_.slice = absl::Seconds(10);
  storage::Job held = Waiting("h", "ada");
  held.held_by = "ada";
  queue_.Add(held);
  for (const char* id : {"a", "b", "c"}) Wait(id, "ada");
  for (const char* id : {"d", "e"}) Wait(id, "ben");
  Wait("f", "eve", v1::HIGH);
  Had("ben", 5);
  EXPECT_EQ(Order(), "fadbech") << "ada 0, ben 5, ada 10, ben 15, ada 20";
  Run("cpu0", "j0", "ada", kSlice);
  Had("ada", 0, 1, /*running_limit=*/1);
  EXPECT_EQ(Order(), "fdeabch");
  EXPECT_EQ(Explainer(At(kNow)).startable(), 6u);
}

}  // namespace
}  // namespace sumscope::jobs
