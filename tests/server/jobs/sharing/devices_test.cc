// Devices that others use, or that go away.
#include "proto/contract/base/mutex.h"
#include "tests/server/jobs/sharing/sharing_fixture.h"

namespace sumscope::jobs {
namespace {

class FakeGate final : public DeviceGate {
 public:
  DeviceOpening Look(const std::string& /*device*/) override {
    MutexLock lock(&mutex_);
    return opening_;
  }
  DeviceOpening LookNow(const std::string& device) override {
    {
      MutexLock lock(&mutex_);
      if (surprise_.has_value()) opening_ = *std::exchange(surprise_, std::nullopt);
    }
    return Look(device);
  }
  void Set(DeviceOpening opening) {
    MutexLock lock(&mutex_);
    opening_ = std::move(opening);
  }
  // What only the look before a start finds.
  void SetAtStart(DeviceOpening opening) {
    MutexLock lock(&mutex_);
    surprise_ = std::move(opening);
  }

 private:
  Mutex mutex_;
  DeviceOpening opening_ ABSL_GUARDED_BY(mutex_);
  std::optional<DeviceOpening> surprise_ ABSL_GUARDED_BY(mutex_);
};

const DeviceOpening kBusy = {"DEVICE_BUSY_OUTSIDE", "process 4711 of eve", 0};

class Devices_Test : public SharingFixture {
 protected:
  Devices_Test() { devices_ = &gate_; }
  ~Devices_Test() override { Crash(); }
  FakeGate gate_;
};

TEST_F(Devices_Test, OthersUseItThenNothingStartsUntilTheyHaveLeft) {
  gate_.Set(kBusy);
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  ASSERT_TRUE(WaitUntil(ada, [&] { return WhyWaits(ada) == "DEVICE_BUSY_OUTSIDE"; }));
  EXPECT_EQ(pool_->tasks_given(), 0u);
  gate_.Set({});
  StartsNext(ada);
}

TEST_F(Devices_Test, OthersCameSinceTheLastLookThenNothingStarts) {
  gate_.SetAtStart(kBusy);
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  ASSERT_TRUE(WaitUntil(ada, [&] { return WhyWaits(ada) == "DEVICE_BUSY_OUTSIDE"; }));
  EXPECT_EQ(pool_->tasks_given(), 0u);
  EXPECT_EQ(Get(ada).segment(), 0u) << "it has not started";
  gate_.Set({});
  StartsNext(ada);
}

TEST_F(Devices_Test, OthersComeAndItYieldsThenTheTrainingGivesWay) {
  yield_to_foreign_ = true;
  Boot();
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  gate_.Set(kBusy);
  GiveBack(first, 2);
  ASSERT_TRUE(WaitForState(ada, v1::QUEUED));
  EXPECT_EQ(Get(ada).state_reason(), "DEVICE_BUSY_OUTSIDE");
  EXPECT_EQ(Get(ada).state_detail(), "process 4711 of eve");
  EXPECT_EQ(GetJob(ada).attempt, 1u);
  gate_.Set({});
  EXPECT_EQ(StartsNext(ada).task.train().first_step(), 2u);
}

TEST_F(Devices_Test, OthersComeThenTheRunSaysSoWhileItGoesOn) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  gate_.Set(kBusy);
  ASSERT_TRUE(WaitUntil(ada, [&] { return Get(ada).state_reason() == "DEVICE_BUSY_OUTSIDE"; }));
  EXPECT_EQ(Get(ada).state(), v1::RUNNING);
  gate_.Set({});
  ASSERT_TRUE(WaitUntil(ada, [&] { return Get(ada).state_reason().empty(); }));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_TRUE(WaitForState(ada, v1::SUCCEEDED));
}

TEST_F(Devices_Test, DeviceIsLostThenTheJobWaitsForItWithoutAnAttempt) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given first = StartsNext(ada);
  gate_.Set({"DEVICE_LOST", "it fell off the bus", 0});
  ASSERT_TRUE(pool_->WaitForStop(first.task.task_id()));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::FAILED, "CUDA_ERROR"));
  ASSERT_TRUE(WaitForState(ada, v1::QUEUED));
  EXPECT_EQ(Get(ada).state_reason(), "DEVICE_LOST");
  EXPECT_EQ(GetJob(ada).attempt, 1u);
}

}  // namespace
}  // namespace sumscope::jobs
