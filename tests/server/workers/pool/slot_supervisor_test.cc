#include "server/workers/pool/slot_supervisor.h"

#include <cmath>
#include <limits>
#include <vector>

#include "proto/contract/errors/errors.h"
#include "tests/server/workers/pool/slot_fixture.h"

namespace sumscope::workers {
namespace {

using SlotSupervisor_Test = SlotFixture;

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

TEST_F(SlotSupervisor_Test, WorkerIsPendingThenItsTimeToSayHelloHasNotBegun) {
  Launch();
  process_.status = {WorkerStatus::Phase::kPending, "Resources; expected at 12:00", {}};
  Pass(absl::Hours(1));
  EXPECT_EQ(process_.signals, Signals{});
  EXPECT_EQ(slot_.Describe().state(), "STARTING");
  EXPECT_EQ(slot_.Describe().detail(), "Resources; expected at 12:00");
  now_ += absl::Hours(8);  // the server was suspended
  slot_.Tick(now_);
  process_.status = {WorkerStatus::Phase::kStarting, "", {}};
  Pass(limits::kWorkerStartTimeout);
  EXPECT_EQ(process_.signals, Signals{});
  EXPECT_EQ(slot_.Describe().detail(), "");
  Pass(absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{"KILL"});
}

// The time since the server looked last, before the suspension, was counted against the worker.
TEST_F(SlotSupervisor_Test, WorkerLeavesItsQueueWhileServerIsSuspendedThenItHasAllItsTimeToSayHello) {
  Launch();
  process_.status = {WorkerStatus::Phase::kPending, "Resources", {}};
  Pass(absl::Seconds(1));
  now_ += absl::Hours(8);
  process_.status = {WorkerStatus::Phase::kStarting, "", {}};
  slot_.Tick(now_);
  Pass(limits::kWorkerStartTimeout);
  EXPECT_EQ(process_.signals, Signals{});
  Pass(absl::Seconds(1));
  EXPECT_EQ(process_.signals, Signals{"KILL"});
}

TEST_F(SlotSupervisor_Test, ShutdownComesWhileWorkerIsPendingThenItIsGivenUp) {
  Launch();
  process_.status = {WorkerStatus::Phase::kPending, "Priority", {}};
  Pass(absl::Seconds(1));
  slot_.Shutdown(now_);
  EXPECT_EQ(process_.signals, Signals{"KILL"});
  process_.exit = WorkerExit{"given up", ""};
  Pass(absl::Milliseconds(50));
  EXPECT_TRUE(slot_.Settled());
  EXPECT_FALSE(slot_.WantsLaunch(now_ + absl::Hours(1)));
}

TEST_F(SlotSupervisor_Test, QuickSlotIsNotNeededYetThenItSleepsUntilItIsWokenAndIsKeptThen) {
  SlotConfig lane{"quick-cpu", "cpu", 1};
  lane.quick = true;
  SlotSupervisor slot(lane, SupervisionLimits());
  EXPECT_FALSE(slot.WantsLaunch(now_ + absl::Hours(1)));
  EXPECT_EQ(slot.Describe().state(), "ASLEEP");
  EXPECT_TRUE(slot.Describe().quick());
  slot.Wake();
  EXPECT_TRUE(slot.WantsLaunch(now_));
  slot.Launch(&launcher_, "unix:/socket", "token", now_);
  EXPECT_EQ(slot.Describe().state(), "STARTING");
  process_.exit = WorkerExit{"exited with status 1", ""};
  slot.Tick(now_);
  EXPECT_EQ(slot.Describe().state(), "BACKING_OFF");
  EXPECT_TRUE(slot.WantsLaunch(now_ + limits::kRestartDelayMax));
}

TEST_F(SlotSupervisor_Test, WorkerHasNoProcessHereThenItsOwnWordIsShown) {
  Launch();
  process_.pid = 0;
  worker::v1::Hello hello = Hello();
  hello.set_pid(99);
  ASSERT_TRUE(slot_.Admit(hello, &link_, now_).ok());
  EXPECT_EQ(slot_.Describe().worker_pid(), 99);
}

TEST_F(SlotSupervisor_Test, HelloHasAWrongTokenThenItIsRefused) {
  Launch();
  for (const char* const token : {"", "Token", "toke", "token2"}) {
    worker::v1::Hello hello = Hello();
    hello.set_secret(token);
    EXPECT_EQ(ErrorReason(slot_.Admit(hello, &link_, now_)), "WORKER_REFUSED") << token;
  }
  EXPECT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
}

TEST_F(SlotSupervisor_Test, HelloIsOfAnOlderGenerationThenItIsRefused) {
  LaunchInVain();
  const worker::v1::Hello old = Hello();
  EXPECT_EQ(ErrorReason(slot_.Admit(old, &link_, now_)), "WORKER_REFUSED") << "it has ended";
  Pass(limits::kRestartDelayFirst);
  Launch();
  EXPECT_EQ(Hello().generation(), old.generation() + 1);
  EXPECT_EQ(ErrorReason(slot_.Admit(old, &link_, now_)), "WORKER_REFUSED");
  EXPECT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
}

TEST_F(SlotSupervisor_Test, WorkerLinksAgainThenItIsRefused) {
  LaunchAndLink();
  EXPECT_EQ(ErrorReason(slot_.Admit(Hello(), &link_, now_)), "WORKER_REFUSED");
  slot_.LinkLost(absl::OkStatus(), now_);
  EXPECT_EQ(ErrorReason(slot_.Admit(Hello(), &link_, now_)), "WORKER_REFUSED");
}

TEST_F(SlotSupervisor_Test, WorkerSaysAnotherProcessNumberThenItIsAdmitted) {
  Launch();
  worker::v1::Hello hello = Hello();
  hello.set_pid(kPid + 1);
  EXPECT_TRUE(slot_.Admit(hello, &link_, now_).ok()) << "on another host it means nothing";
}

TEST_F(SlotSupervisor_Test, WorkerSpeaksAnotherProtocolThenItIsRefused) {
  Launch();
  worker::v1::Hello hello = Hello();
  hello.set_protocol(2);
  EXPECT_EQ(ErrorReason(slot_.Admit(hello, &link_, now_)), "PROTOCOL_MISMATCH");
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
    slot.Launch(&launcher_, "unix:/socket", "token", now_);
    worker::v1::Hello hello = Hello();
    hello.set_generation(slot.generation());
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

TEST_F(SlotSupervisor_Test, TokenIsEmptyBeforeAnyLaunchThenItIsRefused) {
  worker::v1::Hello hello = Hello();
  hello.set_secret("");
  EXPECT_EQ(slot_.Admit(hello, &link_, now_).code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(SlotSupervisor_Test, NoHeartbeatComesThenTaskIsLost) {
  LaunchAndLink();
  AssignTask("t");
  Pass(limits::kHeartbeatTimeout);
  EXPECT_EQ(process_.signals, Signals{});
  Pass(absl::Milliseconds(100));
  EXPECT_EQ(process_.signals, Signals{"KILL"});
  const std::vector<SlotSupervisor::LostTask> lost = End();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].task_id, "t");
  EXPECT_EQ(lost[0].reason, "HEARTBEAT_LOST");
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
  EXPECT_EQ(End().at(0).reason, "WORKER_KILLED");
}

TEST_F(SlotSupervisor_Test, CancelIsObeyedThenNoSignalFollows) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Cancel("t", now_);
  PassWithHeartbeats(absl::Seconds(1));
  slot_.Finish("t");
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
  EXPECT_EQ(End().at(0).reason, "WORKER_LOST");
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

TEST_F(SlotSupervisor_Test, ShutdownIsIgnoredThenSignalsFollowAndNothingIsStarted) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Shutdown(now_);
  EXPECT_EQ(link_.sent.back(), "shutdown");
  PassWithHeartbeats(2 * limits::kTerminateGrace);
  EXPECT_EQ(process_.signals, (Signals{"TERM", "KILL"}));
  EXPECT_EQ(End().at(0).reason, "POOL_SHUTDOWN");
  EXPECT_TRUE(slot_.Settled());
  EXPECT_FALSE(slot_.WantsLaunch(now_ + absl::Hours(1)));
}

}  // namespace
}  // namespace sumscope::workers
