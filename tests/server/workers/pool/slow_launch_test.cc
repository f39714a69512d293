#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/errors/errors.h"
#include "server/workers/launch/local/local_worker.h"
#include "tests/server/workers/gate.h"
#include "tests/server/workers/pool_harness.h"

namespace sumscope::workers {
namespace {

constexpr char kHeld[] = "a0";  // launched before cpu0

// A worker in a queue that no place comes free in, until the gate is open.
class PendingWorker final : public WorkerProcess {
 public:
  PendingWorker(Gate* gate, LocalLauncher* launcher, WorkerSpec spec)
      : gate_(gate), launcher_(launcher), spec_(std::move(spec)) {}
  pid_t pid() const override { return worker_ == nullptr ? 0 : worker_->pid(); }
  void Terminate() override { Kill(); }
  void Kill() override {
    given_up_ = true;
    if (worker_ != nullptr) worker_->Kill();
  }
  WorkerStatus Poll() override {
    if (worker_ == nullptr && given_up_) return {WorkerStatus::Phase::kEnded, "", {"given up", ""}};
    if (worker_ == nullptr && !gate_->IsOpen()) return {WorkerStatus::Phase::kPending, "Resources", {}};
    if (worker_ == nullptr) worker_ = launcher_->Launch(spec_);
    return worker_->Poll();
  }

 private:
  Gate* const gate_;
  LocalLauncher* const launcher_;
  const WorkerSpec spec_;
  bool given_up_ = false;
  std::unique_ptr<WorkerProcess> worker_;
};

// Launches slot kHeld as it was told, all others as the harness does.
class HoldingLauncher final : public WorkerLauncher {
 public:
  using Launcher = std::function<std::unique_ptr<WorkerProcess>(const WorkerSpec& spec)>;
  HoldingLauncher(Launcher held, LocalLauncher* others) : held_(std::move(held)), others_(others) {}
  std::unique_ptr<WorkerProcess> Launch(const WorkerSpec& spec) override {
    return spec.slot == kHeld ? held_(spec) : others_->Launch(spec);
  }

 private:
  const Launcher held_;
  LocalLauncher* const others_;
};

class SlowLaunch_Test : public testing::Test {
 protected:
  ~SlowLaunch_Test() override { gate_.Open(); }

  void Start(HoldingLauncher::Launcher held) {
    harness_.options().slots = {{"cpu0", "cpu", 2}, {kHeld, "cpu", 2}};
    harness_.UseLauncher(std::make_unique<HoldingLauncher>(std::move(held), &harness_.launcher()));
    ASSERT_TRUE(harness_.Start().ok());
  }
  // Its start hangs, as that of a program on a disk that does not answer.
  void StartHanging() {
    Start([this](const WorkerSpec& spec) {
      const LocalLaunchOptions options{FakeWorkerPath(), {}, harness_.directory()};
      return std::make_unique<LocalWorker>([this, options, spec] {
        gate_.Pass();
        return StartProcess(options, spec);
      });
    });
  }
  void StartPending() {
    Start(
        [this](const WorkerSpec& spec) { return std::make_unique<PendingWorker>(&gate_, &harness_.launcher(), spec); });
  }
  // Its worker links and gets a task, its cancel escalates, and it is launched again.
  void ExpectOtherSlotIsSupervised() {
    ASSERT_TRUE(harness_.listener().Await("idle"));
    ASSERT_TRUE(harness_.Assign("t1").ok());
    harness_.pool().Cancel("cpu0", "t1");
    ASSERT_TRUE(harness_.listener().Await("lost"));
    EXPECT_EQ(harness_.listener().Last("lost").reason, "WORKER_KILLED");
    ASSERT_TRUE(harness_.listener().Await("idle", 2));
    EXPECT_EQ(harness_.Slot().state(), "IDLE");
    EXPECT_EQ(Held().state(), "STARTING");
    EXPECT_EQ(Held().worker_pid(), 0);
    EXPECT_EQ(ErrorReason(AssignToHeld()), "SLOT_NOT_IDLE");
  }
  v1::Slot Held() { return harness_.pool().Slots().at(1); }
  absl::Status AssignToHeld() {
    worker::v1::Task task;
    task.set_task_id("t2");
    task.mutable_train();
    return harness_.pool().Assign(kHeld, task, std::nullopt);
  }

  Gate gate_;
  PoolHarness harness_{std::vector<std::string>{"--behaviour=ignore_cancel"}};
};

// One thread launched all slots and supervised them: while one launch took its time, no other worker was looked after.
TEST_F(SlowLaunch_Test, LaunchHangsThenOtherSlotsAreSupervised) {
  StartHanging();
  ExpectOtherSlotIsSupervised();
  gate_.Open();
  ASSERT_TRUE(harness_.listener().Await("idle", 3));
  EXPECT_EQ(Held().state(), "IDLE");
  EXPECT_GT(Held().worker_pid(), 0);
  EXPECT_TRUE(AssignToHeld().ok());
  EXPECT_TRUE(harness_.listener().Await("finished"));
}

TEST_F(SlowLaunch_Test, LaunchIsPendingThenOtherSlotsAreSupervised) {
  StartPending();
  ExpectOtherSlotIsSupervised();
  EXPECT_EQ(Held().detail(), "Resources");
  EXPECT_EQ(harness_.pool().WhyNoWorker(), "");
  gate_.Open();
  ASSERT_TRUE(harness_.listener().Await("idle", 3));
  EXPECT_EQ(Held().detail(), "");
}

TEST_F(SlowLaunch_Test, ShutdownComesWhileLaunchIsPendingThenItEnds) {
  StartPending();
  ASSERT_TRUE(harness_.listener().Await("idle"));
  harness_.pool().Shutdown();
  EXPECT_FALSE(gate_.IsOpen());
  EXPECT_EQ(harness_.Slot().worker_pid(), 0);
}

}  // namespace
}  // namespace sumscope::workers
