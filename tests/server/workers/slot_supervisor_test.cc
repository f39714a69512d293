#include "server/workers/slot_supervisor.h"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/errors.h"

namespace sumscope::workers {
namespace {

constexpr pid_t kPid = 4711;

// What a supervised process was told; it ends when the test says so.
struct ProcessState {
  std::vector<std::string> signals;
  std::optional<WorkerExit> exit;
};
class FakeProcess final : public WorkerProcess {
 public:
  explicit FakeProcess(ProcessState* state) : state_(state) {}
  pid_t pid() const override { return kPid; }
  void Terminate() override { state_->signals.push_back("TERM"); }
  void Kill() override { state_->signals.push_back("KILL"); }
  std::optional<WorkerExit> Poll() override { return state_->exit; }

 private:
  ProcessState* const state_;
};

class FakeLink final : public Link {
 public:
  void SendTask(worker::v1::Task task, std::optional<TaskTensors>) override {
    sent.push_back("task " + task.task_id());
  }
  void EndTask() override {}
  void SendAck(const std::string& id, uint64_t sequence) override {
    sent.push_back("ack " + id + " " + std::to_string(sequence));
  }
  void SendCancel(const std::string& id) override { sent.push_back("cancel " + id); }
  void SendStop(const std::string& id) override { sent.push_back("stop " + id); }
  void SendShutdown() override { sent.push_back("shutdown"); }
  void Break() override { sent.push_back("break"); }
  std::vector<std::string> sent;
};

class SlotSupervisor_Test : public testing::Test {
 protected:
  using Signals = std::vector<std::string>;

  // Time passes in the steps of the pool's thread.
  void Pass(absl::Duration time) {
    for (const absl::Duration end = now_ + time; now_ < end;) {
      now_ += std::min(absl::Milliseconds(50), end - now_);
      slot_.Tick(now_);
    }
  }
  // Likewise, with a worker that is well.
  void PassWithHeartbeats(absl::Duration time) {
    for (const absl::Duration end = now_ + time; now_ < end;) {
      now_ += std::min(absl::Milliseconds(50), end - now_);
      slot_.Heard(now_);
      slot_.Tick(now_);
    }
  }
  void Launch() {
    ASSERT_TRUE(slot_.WantsLaunch(now_));
    process_ = ProcessState();
    slot_.BeginLaunch("unix:/socket", "secret");
    slot_.EndLaunch(std::make_unique<FakeProcess>(&process_), now_);
  }
  worker::v1::Hello Hello() {
    worker::v1::Hello hello;
    hello.set_protocol(1);
    hello.set_slot("cpu0");
    hello.set_secret("secret");
    hello.set_pid(kPid);
    return hello;
  }
  // A worker that ends before it links.
  void LaunchInVain() {
    Launch();
    process_.exit = WorkerExit{"exited with status 1", "no such library"};
    Pass(absl::Milliseconds(50));
  }
  void BreakSlot() {
    for (int start = 0; start < limits::kRestartBudget; ++start) {
      now_ += limits::kRestartDelayMax;
      LaunchInVain();
    }
    ASSERT_EQ(slot_.Describe().state(), "BROKEN");
  }
  void LaunchAndLink() {
    Launch();
    ASSERT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
    ASSERT_TRUE(slot_.BecomeIdle());
  }
  void AssignTask(const std::string& id) {
    worker::v1::Task task;
    task.set_task_id(id);
    ASSERT_TRUE(slot_.Assign(task, std::nullopt).ok());
  }
  // The process ends and its link with it, as the pool tells it.
  std::optional<SlotSupervisor::LostTask> End() {
    process_.exit = WorkerExit{"exited with status 1", ""};
    slot_.LinkLost(absl::OkStatus(), now_);
    Pass(absl::Milliseconds(50));
    EXPECT_TRUE(slot_.ProcessGone());
    std::optional<SlotSupervisor::LostTask> lost = slot_.TakeLostTask();
    slot_.DetachLink(now_);
    return lost;
  }

  absl::Duration now_ = absl::Hours(100);
  SlotSupervisor slot_{{"cpu0", "cpu", 2}, SupervisionLimits()};
  ProcessState process_;
  FakeLink link_;
};

TEST_F(SlotSupervisor_Test, NoHelloComesThenWorkerIsKilledAndAnotherStarted) {
  Launch();
  Pass(limits::kWorkerStartTimeout - absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{});
  Pass(absl::Seconds(2));
  EXPECT_EQ(process_.signals, Signals{"KILL"});
  process_.exit = WorkerExit{"killed", ""};
  Pass(absl::Milliseconds(50));
  EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
  EXPECT_FALSE(slot_.WantsLaunch(now_));
  Pass(limits::kRestartDelayFirst);
  EXPECT_TRUE(slot_.WantsLaunch(now_));
}

TEST_F(SlotSupervisor_Test, HelloIsNotOfTheStartedWorkerThenItIsRefused) {
  Launch();
  worker::v1::Hello hello = Hello();
  hello.set_secret("Secret");
  EXPECT_EQ(ErrorReason(slot_.Admit(hello, &link_, now_)), "WORKER_REFUSED");
  hello = Hello();
  hello.set_pid(kPid + 1);
  EXPECT_EQ(ErrorReason(slot_.Admit(hello, &link_, now_)), "WORKER_REFUSED");
  hello = Hello();
  hello.set_protocol(2);
  EXPECT_EQ(ErrorReason(slot_.Admit(hello, &link_, now_)), "PROTOCOL_MISMATCH");
  EXPECT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
  EXPECT_EQ(ErrorReason(slot_.Admit(Hello(), &link_, now_)), "WORKER_REFUSED");  // a secret is good for one link
}

// One worker that measured inf spoilt every prediction, which uses the mean of the slots.
TEST_F(SlotSupervisor_Test, RatesCannotBeTrueThenTheyAreDropped) {
  v1::Rates sound;
  sound.set_training_flops_per_second(2e10);
  sound.set_answering_flops_per_second(3e10);
  sound.set_intervening_flops_per_second(1e10);
  sound.set_training_step_seconds(0.001);
  const auto taken = [&](const v1::Rates& rates) {
    SlotSupervisor slot({"cpu0", "cpu", 2}, SupervisionLimits());
    slot.BeginLaunch("unix:/socket", "secret");
    slot.EndLaunch(std::make_unique<FakeProcess>(&process_), now_);
    worker::v1::Hello hello = Hello();
    *hello.mutable_rates() = rates;
    EXPECT_TRUE(slot.Admit(hello, &link_, now_).ok()) << "its work is as good as any";
    return slot.Describe().has_rates();
  };
  EXPECT_TRUE(taken(sound));
  EXPECT_FALSE(taken({}));
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan(""), -1.0, 1e300, 1e-300}) {
    v1::Rates rates = sound;
    rates.set_training_flops_per_second(bad);
    EXPECT_FALSE(taken(rates)) << bad;
    rates = sound;
    rates.set_answering_flops_per_second(bad);
    EXPECT_FALSE(taken(rates)) << bad;
    rates = sound;
    rates.set_intervening_flops_per_second(bad);
    EXPECT_FALSE(taken(rates)) << bad;
    rates = sound;
    rates.set_training_step_seconds(bad);
    EXPECT_EQ(taken(rates), bad == 1e-300) << bad << ": a step may cost nothing beside its operations";
    rates = sound;
    rates.set_answering_value_seconds(bad);
    EXPECT_EQ(taken(rates), bad == 1e-300) << bad;
  }
}

TEST_F(SlotSupervisor_Test, SecretIsEmptyBeforeAnyLaunchThenItIsRefused) {
  worker::v1::Hello hello = Hello();
  hello.set_secret("");
  hello.set_pid(0);
  EXPECT_EQ(slot_.Admit(hello, &link_, now_).code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(SlotSupervisor_Test, NoHeartbeatComesThenTaskIsLost) {
  LaunchAndLink();
  AssignTask("t");
  Pass(limits::kHeartbeatTimeout);
  EXPECT_EQ(process_.signals, Signals{});
  Pass(absl::Milliseconds(100));
  EXPECT_EQ(process_.signals, Signals{"KILL"});
  const std::optional<SlotSupervisor::LostTask> lost = End();
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(lost->task_id, "t");
  EXPECT_EQ(lost->reason, "HEARTBEAT_LOST");
}

TEST_F(SlotSupervisor_Test, HeartbeatsCannotBeReadThenTheirTimeoutWaits) {
  LaunchAndLink();
  AssignTask("t");
  slot_.BeginDelivery();
  Pass(3 * limits::kHeartbeatTimeout);
  slot_.EndDelivery(now_);
  Pass(limits::kHeartbeatTimeout);
  EXPECT_EQ(process_.signals, Signals{});
}

TEST_F(SlotSupervisor_Test, ServerWasSuspendedThenWorkersAreKept) {
  LaunchAndLink();
  now_ += absl::Hours(8);
  slot_.Tick(now_);
  Pass(limits::kHeartbeatTimeout);
  EXPECT_EQ(process_.signals, Signals{});
}

TEST_F(SlotSupervisor_Test, CancelIsIgnoredThenSignalsFollowAtTheirTimes) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Cancel("t", now_);
  EXPECT_EQ(link_.sent, (std::vector<std::string>{"task t", "cancel t"}));
  PassWithHeartbeats(limits::kCancelGrace - absl::Seconds(1));
  slot_.Cancel("t", now_);  // asked again: no more time
  EXPECT_EQ(process_.signals, Signals{});
  PassWithHeartbeats(absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{"TERM"});
  PassWithHeartbeats(limits::kTerminateGrace - absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{"TERM"});
  PassWithHeartbeats(absl::Seconds(1));
  EXPECT_EQ(process_.signals, (Signals{"TERM", "KILL"}));
  EXPECT_EQ(End()->reason, "WORKER_KILLED");
}

TEST_F(SlotSupervisor_Test, CancelIsObeyedThenNoSignalFollows) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Cancel("t", now_);
  PassWithHeartbeats(absl::Seconds(1));
  slot_.Finish();
  EXPECT_TRUE(slot_.BecomeIdle());
  PassWithHeartbeats(2 * limits::kCancelGrace);
  EXPECT_EQ(process_.signals, Signals{});
  slot_.Cancel("t", now_);  // over already
  PassWithHeartbeats(2 * limits::kCancelGrace);
  EXPECT_EQ(process_.signals, Signals{});
}

TEST_F(SlotSupervisor_Test, CancelFollowsStopThenEarlierEndCounts) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Stop("t", absl::Hours(1), now_);
  slot_.Cancel("t", now_);
  PassWithHeartbeats(limits::kCancelGrace);
  EXPECT_EQ(process_.signals, Signals{"TERM"});
}

TEST_F(SlotSupervisor_Test, LinkBreaksThenLivingWorkerIsEnded) {
  LaunchAndLink();
  AssignTask("t");
  slot_.LinkLost(absl::OkStatus(), now_);
  EXPECT_FALSE(slot_.ProcessGone());
  Pass(limits::kTerminateGrace);
  EXPECT_EQ(process_.signals, Signals{"TERM"});
  Pass(limits::kTerminateGrace);
  EXPECT_EQ(process_.signals, (Signals{"TERM", "KILL"}));
  EXPECT_EQ(End()->reason, "WORKER_LOST");
}

TEST_F(SlotSupervisor_Test, LinkOutlivesWorkerThenItIsBrokenAfterGrace) {
  LaunchAndLink();
  process_.exit = WorkerExit{"exited with status 1", ""};
  Pass(absl::Milliseconds(50));
  EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
  EXPECT_FALSE(slot_.Settled());
  Pass(limits::kTerminateGrace);
  EXPECT_EQ(link_.sent, std::vector<std::string>{"break"});
}

TEST_F(SlotSupervisor_Test, WorkerEndsIdleThenNoTaskIsLost) {
  LaunchAndLink();
  EXPECT_FALSE(End().has_value());
}

TEST_F(SlotSupervisor_Test, WorkerEndsAgainAndAgainThenDelaysDoubleUntilBroken) {
  absl::Duration expected = limits::kRestartDelayFirst;
  for (int start = 1; start < limits::kRestartBudget; ++start) {
    Launch();
    process_.exit = WorkerExit{"exited with status 1", "no such library"};
    Pass(absl::Milliseconds(50));
    EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
    EXPECT_FALSE(slot_.WantsLaunch(now_ + expected - absl::Milliseconds(1)));
    EXPECT_TRUE(slot_.WantsLaunch(now_ + expected));
    Pass(expected);
    expected = std::min(2 * expected, limits::kRestartDelayMax);
  }
  Launch();
  process_.exit = WorkerExit{"exited with status 1", "no such library"};
  Pass(absl::Milliseconds(50));
  EXPECT_EQ(slot_.Describe().state(), "BROKEN");
  EXPECT_NE(slot_.Describe().detail().find("no such library"), std::string::npos);
}

// A slot whose library was missing for ten starts stayed BROKEN until the server was restarted.
TEST_F(SlotSupervisor_Test, BrokenSlotsCauseIsMendedThenItWorksAgain) {
  BreakSlot();
  EXPECT_FALSE(slot_.WantsLaunch(now_ + limits::kRestartDelayMax - absl::Milliseconds(1)));
  Pass(limits::kRestartDelayMax);
  EXPECT_EQ(slot_.Describe().state(), "BROKEN");  // until the next start
  EXPECT_NE(slot_.Describe().detail().find("in a row failed"), std::string::npos);
  LaunchAndLink();
  EXPECT_EQ(slot_.Describe().state(), "IDLE");
  AssignTask("t");
  EXPECT_TRUE(End().has_value());
  EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
}

// `server info` told of a dead worker beside the one that worked.
TEST_F(SlotSupervisor_Test, SlotWorksAgainThenItTellsNoMoreOfTheWorkerBefore) {
  LaunchInVain();
  EXPECT_NE(slot_.Describe().detail().find("no such library"), std::string::npos);
  now_ += limits::kRestartDelayMax;
  Launch();
  EXPECT_NE(slot_.Describe().detail().find("no such library"), std::string::npos) << "why it starts again";
  ASSERT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
  ASSERT_TRUE(slot_.BecomeIdle());
  EXPECT_EQ(slot_.Describe().detail(), "");
  AssignTask("t");
  EXPECT_EQ(slot_.Describe().detail(), "");
  EXPECT_TRUE(End().has_value());
  EXPECT_NE(slot_.Describe().detail().find("exited with status 1"), std::string::npos);
}

TEST_F(SlotSupervisor_Test, BrokenSlotIsTriedInVainThenItStaysBrokenAndIsTriedOn) {
  BreakSlot();
  for (int again = 0; again < 3; ++again) {
    now_ += limits::kRestartDelayMax;
    LaunchInVain();
    EXPECT_EQ(slot_.Describe().state(), "BROKEN");
  }
}

// Ten jobs that crashed their workers, three attempts each, made the slot BROKEN in the fourth: the crash of a job was
// counted as one of the slot.
TEST_F(SlotSupervisor_Test, JobsCrashTheirWorkersThenSlotIsNotBroken) {
  for (int crash = 0; crash < 3 * limits::kRestartBudget; ++crash) {
    LaunchAndLink();
    AssignTask("t");
    EXPECT_TRUE(End().has_value());
    EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
    EXPECT_TRUE(slot_.WantsLaunch(now_ + limits::kRestartDelayFirst)) << "the next job waits no longer for it";
    Pass(limits::kRestartDelayFirst);
  }
}

// Workers that say hello and end before their first task never get anywhere either.
TEST_F(SlotSupervisor_Test, IdleWorkersEndAgainAndAgainThenSlotIsBroken) {
  for (int start = 0; start < limits::kRestartBudget; ++start) {
    LaunchAndLink();
    EXPECT_FALSE(End().has_value());
    now_ += limits::kRestartDelayMax;
  }
  EXPECT_EQ(slot_.Describe().state(), "BROKEN");
}

TEST_F(SlotSupervisor_Test, LaunchFailsThenItCountsAsAStart) {
  for (int start = 0; start < limits::kRestartBudget; ++start) {
    ASSERT_TRUE(slot_.WantsLaunch(now_));
    slot_.BeginLaunch("unix:/socket", "secret");
    slot_.EndLaunch(absl::NotFoundError("no worker program"), now_);
    now_ += limits::kRestartDelayMax;
  }
  EXPECT_EQ(slot_.Describe().state(), "BROKEN");
}

TEST_F(SlotSupervisor_Test, TaskFinishesThenBudgetIsFull) {
  for (int start = 0; start < 3 * limits::kRestartBudget; ++start) {
    LaunchAndLink();
    AssignTask("t");
    slot_.Finish();
    EXPECT_FALSE(End().has_value());
    EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
    Pass(limits::kRestartDelayFirst);
  }
}

TEST_F(SlotSupervisor_Test, ShutdownIsIgnoredThenSignalsFollowAndNothingIsStarted) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Shutdown(now_);
  EXPECT_EQ(link_.sent.back(), "shutdown");
  PassWithHeartbeats(2 * limits::kTerminateGrace);
  EXPECT_EQ(process_.signals, (Signals{"TERM", "KILL"}));
  EXPECT_EQ(End()->reason, "POOL_SHUTDOWN");
  EXPECT_TRUE(slot_.Settled());
  EXPECT_FALSE(slot_.WantsLaunch(now_ + absl::Hours(1)));
}

}  // namespace
}  // namespace sumscope::workers
