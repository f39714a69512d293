// Trainings that give way to one another.
#include "tests/server/jobs/sharing/sharing_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;

class Turns_Test : public SharingFixture {};

TEST_F(Turns_Test, SliceIsOverThenTheUserWithLessUsageHasTheSlot) {
  const std::string ada = Of("ada"), more = Of("ada"), bob = Of("bob");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  EXPECT_EQ(WhyWaits(bob), "SLICE");
  clock_.Pass(kSlice + absl::Seconds(1));
  GiveBack(first, 2);
  const FakeWorkerPool::Given second = StartsNext(bob);
  EXPECT_EQ(Get(ada).state(), v1::QUEUED);
  EXPECT_EQ(Get(ada).state_reason(), "SLICE");
  EXPECT_EQ(Get(ada).attempt(), 1u);
  EXPECT_EQ(GetJob(ada).attempt, 1u);

  clock_.Pass(kSlice + absl::Seconds(5));
  GiveBack(second, 1);
  const FakeWorkerPool::Given third = StartsNext(ada);
  EXPECT_EQ(third.task.train().first_step(), 2u);
  EXPECT_EQ(third.tensor_bytes, "resume-2");
  EXPECT_EQ(Get(ada).segment(), 2u);
  EXPECT_EQ(WhyWaits(more), "PRIORITY");
  SendWholeTraining(2);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_TRUE(WaitForState(ada, v1::SUCCEEDED));
  EXPECT_EQ(File(ada)->GetRun()->segments_size(), 2);
  EXPECT_EQ(Get(ada).attempt(), 1u);
}

TEST_F(Turns_Test, NobodyElseWaitsThenTheTrainingGoesOn) {
  const std::string ada = Of("ada"), more = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  clock_.Pass(3 * kSlice);
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_TRUE(WaitForState(ada, v1::SUCCEEDED));
  StartsNext(more);
  EXPECT_EQ(Get(ada).segment(), 1u);
}

TEST_F(Turns_Test, HighPriorityComesThenATrainingGivesWayAtOnce) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  const std::string urgent = Of("root", v1::HIGH);
  GiveBack(first, 1);
  StartsNext(urgent);
  EXPECT_EQ(Get(ada).state_reason(), "PRIORITY");
  EXPECT_EQ(GetJob(ada).attempt, 1u);
}

TEST_F(Turns_Test, TaskIsAskedToStopAndIsKilledThenNoAttemptIsCounted) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  const std::string urgent = Of("root", v1::HIGH);
  ASSERT_TRUE(pool_->WaitForStop(first.task.task_id()));
  pool_->Lose(kSlot, "WORKER_KILLED");
  StartsNext(urgent);
  EXPECT_EQ(Get(ada).state_reason(), "PRIORITY");
  EXPECT_EQ(GetJob(ada).attempt, 1u);
}

TEST_F(Turns_Test, TaskIsAskedToStopAndBreaksDownThenAnAttemptIsCounted) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  const std::string urgent = Of("root", v1::HIGH);
  ASSERT_TRUE(pool_->WaitForStop(first.task.task_id()));
  pool_->Lose(kSlot, "WORKER_LOST");
  StartsNext(urgent);
  EXPECT_EQ(Get(ada).state_reason(), "WORKER_LOST");
  EXPECT_EQ(GetJob(ada).attempt, 2u);
}

TEST_F(Turns_Test, TaskStopsUnaskedThenItIsLost) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::STOPPED));
  StartsNext(ada);
  EXPECT_EQ(GetJob(ada).attempt, 2u);
}

TEST_F(Turns_Test, TrainingIsCancelledWhileItGivesWayThenItEndsCancelled) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  Of("root", v1::HIGH);
  ASSERT_TRUE(pool_->WaitForStop(first.task.task_id()));
  ASSERT_EQ(manager_->runs().Cancel(User("ada"), ada)->state(), v1::CANCELLING);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::STOPPED));
  EXPECT_TRUE(WaitForState(ada, v1::CANCELLED));
}

TEST_F(Turns_Test, UserHasAsManyRunningAsMayBeThenOthersGoBefore) {
  shares_.user_limits["ada"].running = 1;
  Boot();
  const std::string one = Of("ada"), two = Of("ada"), bob = Of("bob");
  pool_->Idle("cpu0");
  StartsNext(one);
  pool_->Idle("cpu1");
  EXPECT_EQ(NextTask().task.task_id(), JobOf(bob) + ".1");
  pool_->AddSlot("cpu2");
  pool_->Idle("cpu2");
  EXPECT_EQ(WhyWaits(two), "USER_LIMIT");
  EXPECT_EQ(pool_->tasks_given(), 2u);
}

TEST_F(Turns_Test, WeightIsTwiceThenSoIsTheShare) {
  shares_.weights["ada"] = 3;
  Boot();
  const std::string ada = Of("ada"), bob = Of("bob");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  clock_.Pass(kSlice + absl::Seconds(1));
  GiveBack(first, 1);
  const FakeWorkerPool::Given second = StartsNext(bob);
  clock_.Pass(kSlice + absl::Seconds(1));
  GiveBack(second, 1);
  const FakeWorkerPool::Given third = StartsNext(ada);
  clock_.Pass(kSlice + absl::Seconds(1));
  const auto view = manager_->queue().View();
  EXPECT_EQ(view->shares.at("ada").weight, 3);
  EXPECT_GT(view->shares.at("ada").device_seconds, view->shares.at("bob").device_seconds);
  EXPECT_EQ(pool_->tasks_given(), 3u) << "bob has had more of his share";
}

}  // namespace
}  // namespace sumscope::jobs
