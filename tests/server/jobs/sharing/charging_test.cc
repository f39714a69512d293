// Users are charged for the time that their jobs have slots, once, whenever the server dies.
#include "tests/server/jobs/sharing/sharing_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::DoubleNear;

// What a test itself may take, which its clock counts too.
constexpr double kSlow = 15;

class Charging_Test : public SharingFixture {
 protected:
  Charging_Test() { charge_interval_ = absl::Hours(1); }
  // Lets `passes` of the clock be charged.
  void PassAndCharge(absl::Duration passes, const std::string& run) {
    const double before = GetJob(run).device_seconds;
    clock_.Pass(passes);
    const auto deadline = std::chrono::steady_clock::now() + FakeWorkerPool::kPatience;
    while (GetJob(run).device_seconds < before + absl::ToDoubleSeconds(passes)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      hub_->WaitForChange(run, hub_->Version(run), std::chrono::milliseconds(20));
    }
  }
};

TEST_F(Charging_Test, TrainingEndsThenItsOwnerHasPaidForIt) {
  const std::string ada = Of("ada"), low = Of("bob", v1::LOW);
  pool_->Idle(kSlot);
  StartsNext(ada);
  ASSERT_TRUE(GetJob(ada).charged_until.has_value());
  clock_.Pass(absl::Seconds(100));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(ada, v1::SUCCEEDED));
  EXPECT_THAT(UsageOf("ada"), DoubleNear(100, kSlow));
  EXPECT_THAT(GetJob(ada).device_seconds, DoubleNear(UsageOf("ada"), 0.1));
  EXPECT_FALSE(GetJob(ada).charged_until.has_value());

  StartsNext(low);
  clock_.Pass(absl::Seconds(100));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(low, v1::SUCCEEDED));
  EXPECT_THAT(UsageOf("bob"), DoubleNear(50, kSlow)) << "low is charged at half";
  EXPECT_THAT(GetJob(low).device_seconds, DoubleNear(100, kSlow));
}

TEST_F(Charging_Test, ServerDiesThenWhatWasNotChargedIsForgivenAndNothingIsChargedTwice) {
  charge_interval_ = absl::Seconds(50);
  Boot();
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  PassAndCharge(absl::Seconds(60), ada);
  const double charged = UsageOf("ada");
  EXPECT_THAT(charged, DoubleNear(60, kSlow));
  clock_.Pass(absl::Seconds(20));
  charge_interval_ = absl::Hours(1);
  Boot();
  EXPECT_FALSE(GetJob(ada).charged_until.has_value());
  EXPECT_THAT(UsageOf("ada"), DoubleNear(charged, 20.1)) << "what was left may be charged by a tick, and never more";
  const double after = GetJob(ada).device_seconds;
  EXPECT_THAT(manager_->queue().View()->shares.at("ada").device_seconds, DoubleNear(UsageOf("ada"), 0.1));
  pool_->Idle(kSlot);
  StartsNext(ada);
  clock_.Pass(absl::Seconds(30));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(ada, v1::SUCCEEDED));
  EXPECT_THAT(GetJob(ada).device_seconds, DoubleNear(after + 30, kSlow));
  EXPECT_THAT(UsageOf("ada"), DoubleNear(GetJob(ada).device_seconds, 0.5));
}

TEST_F(Charging_Test, TickComesBeforeTheEndThenTheSumIsTheTime) {
  charge_interval_ = absl::Seconds(50);
  Boot();
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  for (int i = 0; i < 3; ++i) PassAndCharge(absl::Seconds(60), ada);
  clock_.Pass(absl::Seconds(20));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(ada, v1::SUCCEEDED));
  EXPECT_THAT(UsageOf("ada"), DoubleNear(200, kSlow));
  EXPECT_THAT(GetJob(ada).device_seconds, DoubleNear(200, kSlow));
}

TEST_F(Charging_Test, CatalogRefusesThenTheTimeIsChargedLater) {
  charge_interval_ = absl::Seconds(50);
  Boot();
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  catalog_.gate.Set([] { return absl::UnavailableError("busy"); });
  clock_.Pass(absl::Seconds(60));
  hub_->WaitForChange(ada, hub_->Version(ada), std::chrono::milliseconds(1500));
  catalog_.gate.Set(nullptr);
  PassAndCharge(absl::Seconds(60), ada);
  EXPECT_THAT(UsageOf("ada"), DoubleNear(120, kSlow));
}

TEST_F(Charging_Test, WallClockJumpsThenOnlyTheTimeThatPassedIsCharged) {
  const std::string ada = Of("ada");
  pool_->Idle(kSlot);
  StartsNext(ada);
  clock_.Jump(-absl::Hours(5));
  clock_.Pass(absl::Seconds(40));
  clock_.Jump(absl::Hours(1));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(ada, v1::SUCCEEDED));
  EXPECT_THAT(GetJob(ada).device_seconds, DoubleNear(40, kSlow));
}

}  // namespace
}  // namespace sumscope::jobs
