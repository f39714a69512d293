#include "server/jobs/scheduling/policy/outlook/forecast.h"

#include "gtest/gtest.h"
#include "tests/server/jobs/scheduling/policy/policy_fixture.h"

namespace sumscope::jobs {
namespace {

class Forecast_Test : public PolicyFixture {
 protected:
  void WaitFor(const std::string& id, const std::string& owner, double seconds, v1::Priority priority = v1::NORMAL) {
    storage::Job job = Waiting(id, owner, priority);
    job.expected_seconds = seconds;
    queue_.Add(job);
  }
  void Expect(const std::string& job, double start, double end) const {
    const auto expected = Forecast(At(kNow)).Play(100);
    ASSERT_TRUE(expected.count(job)) << job;
    EXPECT_NEAR(expected.at(job).start_seconds, start, 1e-6) << job;
    EXPECT_NEAR(expected.at(job).end_seconds, end, 1e-6) << job;
  }
  bool IsTold(const std::string& job, size_t limit = 100) const {
    return Forecast(At(kNow)).Play(limit).count(job) > 0;
  }
};

TEST_F(Forecast_Test, JobsOfOneUserRunOneAfterTheOther) {
  Run("cpu0", "j0", "ada", absl::Seconds(30)).expected_seconds = 100;
  WaitFor("j1", "ada", 200);
  WaitFor("j2", "ada", 50);
  Expect("j0", 0, 70);
  Expect("j1", 70, 270);
  Expect("j2", 270, 320);
}

TEST_F(Forecast_Test, TwoUsersTakeTurnsUntilOneHasEnded) {
  Idle("cpu0");
  WaitFor("j1", "ada", 120);
  WaitFor("j2", "ben", 90);
  // Slices of 60: ada, ben, ada to the end, ben. Where both have the same the holder goes on for a moment.
  const auto expected = Forecast(At(kNow)).Play(100);
  EXPECT_NEAR(expected.at("j1").start_seconds, 0, 1e-6);
  EXPECT_NEAR(expected.at("j2").start_seconds, 60, 1e-6);
  EXPECT_NEAR(expected.at("j1").end_seconds, 180, 3);
  EXPECT_NEAR(expected.at("j2").end_seconds, 210, 1e-6);
}

TEST_F(Forecast_Test, HighTakesTheSlotAtOnce) {
  Run("cpu0", "j0", "ada", absl::Seconds(1)).expected_seconds = 101;
  WaitFor("j1", "ben", 10, v1::HIGH);
  Expect("j1", 0, 10);
  Expect("j0", 0, 110);
}

TEST_F(Forecast_Test, LimitBindsThenTheUsersJobsWaitForEachOther) {
  Idle("cpu0");
  Idle("cpu1");
  Had("ada", 0, 1, /*running_limit=*/1);
  WaitFor("j1", "ada", 10);
  WaitFor("j2", "ada", 10);
  Expect("j1", 0, 10);
  Expect("j2", 10, 20);
}

TEST_F(Forecast_Test, SweepBindsThenItsTrainingsWaitForEachOther) {
  Idle("cpu0");
  Idle("cpu1");
  sweeps_["s"] = 1;
  for (const char* id : {"j1", "j2"}) {
    storage::Job job = Waiting(id, "ada");
    job.expected_seconds = 10;
    job.sweep = "s";
    queue_.Add(job);
  }
  WaitFor("j3", "ada", 30);
  Expect("j1", 0, 10);
  Expect("j3", 0, 30);
  Expect("j2", 10, 20);
}

TEST_F(Forecast_Test, LengthIsUnknownThenItIsTheMean) {
  Idle("cpu0");
  WaitFor("j1", "ada", 10);
  WaitFor("j2", "ada", 30);
  Wait("j3", "ada");
  Expect("j3", 40, 60);
}

TEST_F(Forecast_Test, NothingIsKnownThenNothingIsTold) {
  Run("cpu0", "j0", "ada", absl::Seconds(1));
  Wait("j1", "ben");
  EXPECT_TRUE(Forecast(At(kNow)).Play(100).empty());
}

TEST_F(Forecast_Test, JobCannotStartThenItIsNotTold) {
  SlotState& slot = Idle("cuda0");
  slot.memory_bytes = 100;
  storage::Job held = Waiting("j1", "ada"), large = Waiting("j2", "ada");
  held.expected_seconds = large.expected_seconds = 10;
  held.held_by = "ada";
  large.memory_bytes = 101;
  queue_.Add(held);
  queue_.Add(large);
  WaitFor("j3", "ada", 10);
  EXPECT_FALSE(IsTold("j1"));
  EXPECT_FALSE(IsTold("j2"));
  Expect("j3", 0, 10);
  slot.closed = "DEVICE_BUSY_OUTSIDE";
  EXPECT_FALSE(IsTold("j3"));
}

TEST_F(Forecast_Test, LimitIsReachedThenTheOthersAreNotTold) {
  Idle("cpu0");
  for (const char* id : {"j1", "j2", "j3"}) WaitFor(id, "ada", 10);
  EXPECT_TRUE(IsTold("j2", 2));
  EXPECT_FALSE(IsTold("j3", 2));
}

TEST_F(Forecast_Test, QuickJobsHaveASlotOfTheirOwn) {
  Run("cpu0", "j0", "ada", absl::ZeroDuration()).expected_seconds = 1000;
  Idle("quick-cpu", /*quick=*/true);
  storage::Job job = Waiting("j1", "ada");
  job.analysis = "a";
  job.quick = true;
  job.expected_seconds = 5;
  queue_.Add(job);
  WaitFor("j2", "ada", 10);
  Expect("j1", 0, 5);
  Expect("j2", 1000, 1010);
}

TEST_F(Forecast_Test, LongWorkOfManyUsersIsPlayedThenItEnds) {
  for (const char* slot : {"cpu0", "cpu1"}) Idle(slot);
  for (int i = 0; i < 30; ++i) {
    WaitFor("j" + std::to_string(i), "u" + std::to_string(i % 3), 1e12);
  }
  EXPECT_TRUE(Forecast(At(kNow)).Play(100).empty()) << "too far ahead";
}

}  // namespace
}  // namespace sumscope::jobs
