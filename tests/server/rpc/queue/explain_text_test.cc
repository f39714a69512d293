// What people are told of a job, for every reason: who holds what it needs, its place, the estimate.
#include "server/rpc/queue/explain_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sumscope::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ExplainText_Test : public testing::Test {
 protected:
  ExplainText_Test() {
    facts_.now = absl::FromUnixSeconds(1'900'000'000);
    facts_.startable = 12;
    facts_.record.count = 40;
    facts_.record.median = 1.3;
    facts_.job.set_name("jobs/j1");
    facts_.job.set_state(v1::QUEUED);
    facts_.job.set_owner("ada");
  }

  v1::Estimate In(double seconds) { return *EstimateAt(facts_.now, seconds, {}); }
  // A job that waits for this reason, third in the queue, with an estimate.
  std::string TextOf(const std::string& reason, const std::string& detail = "") {
    facts_.job.set_reason(reason);
    facts_.job.set_detail(detail);
    facts_.job.set_place(3);
    *facts_.job.mutable_expected_start() = In(720);
    *facts_.job.mutable_expected_end() = In(2400);
    return ExplainText(facts_);
  }
  void HeldBy(const std::string& slot, const std::string& what, const std::string& owner, const std::string& job) {
    v1::Holder holder;
    holder.set_slot(slot);
    holder.set_what(what);
    holder.set_owner(owner);
    holder.set_job(job);
    if (!job.empty() || owner == kAnotherUser) *holder.mutable_until() = In(600);
    facts_.holders.push_back(holder);
  }
  static auto SaysPlaceAndTimes() {
    return AllOf(HasSubstr("number 3 of 12 that wait"), HasSubstr("start in about 12 min (6 min to 24 min)"),
                 HasSubstr("end in about 40 min (20 min to 80 min)"), HasSubstr("factor of 1.30"),
                 HasSubstr("of the last 40"));
  }

  ExplainFacts facts_;
};

TEST_F(ExplainText_Test, OthersAreBeforeItThenPriority) {
  HeldBy("cpu0", "add_d5_l1_h3", "bob", "jobs/j9");
  const std::string text = TextOf("PRIORITY", "2 jobs start before it");
  EXPECT_THAT(text, SaysPlaceAndTimes());
  EXPECT_THAT(text, HasSubstr("cpu0: add_d5_l1_h3 of bob (jobs/j9), free in about 10 min (5 min to 20 min)"));
  EXPECT_THAT(text, HasSubstr("2 jobs start before it."));
}

TEST_F(ExplainText_Test, SlotsAreTakenThenResources) {
  HeldBy("cpu0", "add_d5_l1_h3", "bob", "jobs/j9");
  EXPECT_THAT(TextOf("RESOURCES"), AllOf(SaysPlaceAndTimes(), HasSubstr("Every slot that could run it is busy"),
                                         HasSubstr("add_d5_l1_h3 of bob (jobs/j9)")));
  facts_.job.set_place(1);
  EXPECT_THAT(ExplainText(facts_), HasSubstr("It is the next to start"));
}

TEST_F(ExplainText_Test, PolicySaysAllThenItIsSaidOnce) {
  EXPECT_THAT(TextOf("RESOURCES", "it is next, and starts when a slot comes free"),
              testing::StartsWith("It is next, and starts when a slot comes free. It is number 3"));
  EXPECT_THAT(TextOf("SLICE", "a training gives way"), testing::StartsWith("A training gives way. "));
  // A sweep's bound has the reason of its owner's.
  facts_.running = 1;
  facts_.running_limit = 4;
  EXPECT_THAT(TextOf("USER_LIMIT", "its sweep may have 1 training running at once"),
              testing::StartsWith("Its sweep may have 1 training running at once. "));
}

// The reason's sentence and its detail said the same, one after the other.
TEST_F(ExplainText_Test, DetailSaysWhatTheReasonSaysThenItIsSaidOnce) {
  facts_.job.set_held_by("users/ada");
  EXPECT_THAT(TextOf("HELD", "it waits until it is released"),
              testing::StartsWith("It is held by ada; `sumscope runs release j1` lets it start. "));
  EXPECT_THAT(TextOf("DEPENDENCY", "it waits for 1 run to succeed"),
              testing::StartsWith("It waits for a run that has not succeeded yet. "));
  EXPECT_THAT(TextOf("DRAINING", "the server is shutting down"),
              testing::StartsWith("The server is stopping and starts nothing; the job keeps its place and goes on with "
                                  "the next server. "));
  facts_.running = facts_.running_limit = 4;
  EXPECT_THAT(
      TextOf("USER_LIMIT", "its owner has as many jobs running as they may"),
      testing::StartsWith("Its owner ada has 4 of at most 4 jobs running: it can start when one of them ends. "));
  HeldBy("cpu0", "the worker ended: exit 127", "", "");
  EXPECT_THAT(TextOf("NO_WORKER", "the worker ended: exit 127"),
              testing::StartsWith("No slot has a worker that could run it; `sumscope server info` shows why. What it "
                                  "waits for: cpu0: the worker ended: exit 127. "));
}

TEST_F(ExplainText_Test, TurnsAreTakenThenSlice) {
  HeldBy("cpu0", "add_d5_l1_h3", "bob", "jobs/j9");
  EXPECT_THAT(TextOf("SLICE"),
              AllOf(SaysPlaceAndTimes(), HasSubstr("take turns"), HasSubstr("add_d5_l1_h3 of bob (jobs/j9)")));
}

TEST_F(ExplainText_Test, RunsAreWaitedForThenDependencyNamesThem) {
  facts_.job.add_after("runs/r1");
  HeldBy("cpu0", "add_d5_l1_h3", "ada", "jobs/j9");
  EXPECT_THAT(TextOf("DEPENDENCY"), AllOf(SaysPlaceAndTimes(), HasSubstr("until runs/r1 has succeeded"),
                                          HasSubstr("DEPENDENCY_FAILED"), HasSubstr("jobs/j9")));
  facts_.job.add_after("runs/r2");
  EXPECT_THAT(ExplainText(facts_), HasSubstr("runs/r1, runs/r2 have succeeded"));
  facts_.job.clear_after();  // what its reader may not see
  EXPECT_THAT(ExplainText(facts_), HasSubstr("a run that has not succeeded yet"));
}

TEST_F(ExplainText_Test, OwnerHasEnoughRunningThenUserLimit) {
  facts_.running = 4;
  facts_.running_limit = 4;
  HeldBy("cpu0", "add_d5_l1_h3", "ada", "jobs/j9");
  EXPECT_THAT(TextOf("USER_LIMIT"),
              AllOf(SaysPlaceAndTimes(), HasSubstr("ada has 4 of at most 4 jobs running"), HasSubstr("jobs/j9")));
}

TEST_F(ExplainText_Test, SomebodyHoldsItThenHeldSaysWhoAndHowItGoesOn) {
  facts_.job.set_held_by("users/bob");
  facts_.job.set_reason("HELD");
  EXPECT_THAT(ExplainText(facts_), AllOf(HasSubstr("held by bob"), HasSubstr("sumscope runs release j1"),
                                         HasSubstr("Nobody can tell when it starts"), Not(HasSubstr("number"))));
}

TEST_F(ExplainText_Test, SomebodyFromOutsideUsesTheDeviceThenBusyOutsideNamesThem) {
  HeldBy("gpu0", "process 4711 of carl", "", "");
  EXPECT_THAT(TextOf("DEVICE_BUSY_OUTSIDE"),
              AllOf(SaysPlaceAndTimes(), HasSubstr("outside of Sumscope"), HasSubstr("gpu0: process 4711 of carl")));
}

TEST_F(ExplainText_Test, MemoryIsMissingThenDeviceMemorySaysHowMuch) {
  facts_.memory_bytes = uint64_t{3} << 30;
  HeldBy("gpu0", "add_d5_l1_h3", "bob", "jobs/j9");
  EXPECT_THAT(TextOf("DEVICE_MEMORY"),
              AllOf(SaysPlaceAndTimes(), HasSubstr("needs about 3.0 GiB"), HasSubstr("jobs/j9")));
  facts_.memory_bytes = 0;
  EXPECT_THAT(ExplainText(facts_), HasSubstr("as much memory free as it needs"));
}

TEST_F(ExplainText_Test, NoSlotHasAWorkerThenNoWorkerSaysWhere) {
  HeldBy("cpu0", "the worker ended: exit 127", "", "");
  EXPECT_THAT(TextOf("NO_WORKER"), AllOf(HasSubstr("No slot has a worker"), HasSubstr("cpu0: the worker ended"),
                                         HasSubstr("number 3 of 12")));
}

TEST_F(ExplainText_Test, ServerStopsThenDraining) {
  EXPECT_THAT(TextOf("DRAINING"), AllOf(HasSubstr("The server is stopping"), HasSubstr("number 3 of 12")));
}

TEST_F(ExplainText_Test, DeviceIsLostThenItSaysWhich) {
  HeldBy("gpu0", "GPU 0 fell off the bus", "", "");
  EXPECT_THAT(TextOf("DEVICE_LOST"), AllOf(HasSubstr("does not answer"), HasSubstr("gpu0: GPU 0 fell off the bus")));
}

TEST_F(ExplainText_Test, StorageRefusesItThenItsReasonIsTold) {
  EXPECT_THAT(TextOf("DISK_FULL", "no space left"),
              HasSubstr("because of DISK_FULL and is tried again: no space left."));
  EXPECT_THAT(TextOf(""), HasSubstr("just come into the queue"));
}

TEST_F(ExplainText_Test, HolderIsAnothersPrivateRunThenNothingOfItIsNamed) {
  HeldBy("cpu0", "", kAnotherUser, "");
  EXPECT_THAT(TextOf("RESOURCES"), HasSubstr("cpu0: a job of another user, free in about 10 min"));
}

TEST_F(ExplainText_Test, ManyHoldersThenSomeAreNamed) {
  for (int i = 0; i < 8; ++i) HeldBy("cpu" + std::to_string(i), "m", "bob", "jobs/j9");
  EXPECT_THAT(TextOf("RESOURCES"), AllOf(HasSubstr("cpu4"), Not(HasSubstr("cpu5")), HasSubstr("and 3 more")));
}

TEST_F(ExplainText_Test, NoEstimateWasCheckedThenItSaysSo) {
  facts_.record = {};
  EXPECT_THAT(TextOf("RESOURCES"), HasSubstr("No estimate could be checked here yet."));
}

TEST_F(ExplainText_Test, JobRunsThenItSaysWhereHowFarAndUntilWhen) {
  facts_.job.set_state(v1::RUNNING);
  facts_.job.set_slot("cpu0");
  facts_.job.set_progress(0.4);
  *facts_.job.mutable_expected_end() = In(600);
  EXPECT_THAT(ExplainText(facts_), AllOf(HasSubstr("It has cpu0 and is 40 % done."),
                                         HasSubstr("expected to end in about 10 min (5 min to 20 min)")));
}

TEST_F(ExplainText_Test, JobHasEndedThenItSaysHow) {
  facts_.job.set_state(v1::FAILED);
  facts_.job.set_reason("DEPENDENCY_FAILED");
  facts_.job.set_detail("runs/r1 was cancelled");
  EXPECT_EQ(ExplainText(facts_), "It has ended: FAILED (DEPENDENCY_FAILED): runs/r1 was cancelled.");
}

}  // namespace
}  // namespace sumscope::rpc
