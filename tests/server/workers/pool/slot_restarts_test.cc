#include <algorithm>
#include <optional>

#include "gmock/gmock.h"
#include "tests/server/workers/pool/slot_fixture.h"

namespace sumscope::workers {
namespace {

using SlotRestarts_Test = SlotFixture;

TEST_F(SlotRestarts_Test, WorkerEndsIdleThenNoTaskIsLost) {
  LaunchAndLink();
  EXPECT_TRUE(End().empty());
}

TEST_F(SlotRestarts_Test, WorkerEndsAgainAndAgainThenDelaysDoubleUntilBroken) {
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
TEST_F(SlotRestarts_Test, BrokenSlotsCauseIsMendedThenItWorksAgain) {
  BreakSlot();
  EXPECT_FALSE(slot_.WantsLaunch(now_ + limits::kRestartDelayMax - absl::Milliseconds(1)));
  Pass(limits::kRestartDelayMax);
  EXPECT_EQ(slot_.Describe().state(), "BROKEN");  // until the next start
  EXPECT_NE(slot_.Describe().detail().find("in a row failed"), std::string::npos);
  LaunchAndLink();
  EXPECT_EQ(slot_.Describe().state(), "IDLE");
  AssignTask("t");
  EXPECT_EQ(End().size(), 1u);
  EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
}

// `server info` told of a dead worker beside the one that worked.
TEST_F(SlotRestarts_Test, SlotWorksAgainThenItTellsNoMoreOfTheWorkerBefore) {
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
  EXPECT_EQ(End().size(), 1u);
  EXPECT_NE(slot_.Describe().detail().find("exited with status 1"), std::string::npos);
}

TEST_F(SlotRestarts_Test, BrokenSlotIsTriedInVainThenItStaysBrokenAndIsTriedOn) {
  BreakSlot();
  for (int again = 0; again < 3; ++again) {
    now_ += limits::kRestartDelayMax;
    LaunchInVain();
    EXPECT_EQ(slot_.Describe().state(), "BROKEN");
  }
}

// Between two crashes it is STARTING for most of the time, and will crash again.
TEST_F(SlotRestarts_Test, StartAfterAFailedOneThenItIsNoPromise) {
  Launch();
  EXPECT_EQ(slot_.WhyNoWorker(), std::nullopt) << "the first start";
  process_.exit = WorkerExit{"exited with status 1", "no such library"};
  Pass(absl::Milliseconds(50));
  EXPECT_THAT(slot_.WhyNoWorker().value_or(""), testing::HasSubstr("no such library")) << "backing off";
  now_ += limits::kRestartDelayMax;
  Launch();
  Pass(absl::Milliseconds(50));
  EXPECT_EQ(slot_.Describe().state(), "STARTING");
  EXPECT_THAT(slot_.WhyNoWorker().value_or(""), testing::HasSubstr("no such library")) << "starting again";
  ASSERT_TRUE(slot_.Admit(Hello(), &link_, now_).ok());
  EXPECT_EQ(slot_.WhyNoWorker(), std::nullopt) << "it said hello";
}

// A worker that was killed with its task has failed that task, not to start.
TEST_F(SlotRestarts_Test, WorkerEndsWithItsTaskThenTheNextStartIsAPromise) {
  LaunchAndLink();
  AssignTask("t");
  EXPECT_EQ(slot_.WhyNoWorker(), std::nullopt);
  End();
  now_ += limits::kRestartDelayMax;
  Launch();
  EXPECT_NE(slot_.Describe().detail(), "");
  EXPECT_EQ(slot_.WhyNoWorker(), std::nullopt);
}

// A worker that a cluster's queue holds back has a detail, and restarts where it is not the first: jobs said that there
// was no worker for them.
TEST_F(SlotRestarts_Test, LaunchIsPendingThenAWorkerIsAboutToCome) {
  LaunchInVain();
  now_ += limits::kRestartDelayMax;
  Launch();
  process_.status = {WorkerStatus::Phase::kPending, "Priority", {}};
  Pass(absl::Hours(5));
  EXPECT_EQ(slot_.Describe().state(), "STARTING");
  EXPECT_EQ(slot_.Describe().restarts(), 1u);
  EXPECT_EQ(slot_.Describe().detail(), "Priority");
  EXPECT_EQ(slot_.WhyNoWorker(), std::nullopt);
  process_.status = {WorkerStatus::Phase::kStarting, "", {}};
  Pass(absl::Milliseconds(50));
  EXPECT_THAT(slot_.WhyNoWorker().value_or(""), testing::HasSubstr("no such library")) << "as the one before it";
}

// Ten jobs that crashed their workers, three attempts each, made the slot BROKEN in the fourth: the crash of a job was
// counted as one of the slot.
TEST_F(SlotRestarts_Test, JobsCrashTheirWorkersThenSlotIsNotBroken) {
  for (int crash = 0; crash < 3 * limits::kRestartBudget; ++crash) {
    LaunchAndLink();
    AssignTask("t");
    EXPECT_EQ(End().size(), 1u);
    EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
    EXPECT_TRUE(slot_.WantsLaunch(now_ + limits::kRestartDelayFirst)) << "the next job waits no longer for it";
    Pass(limits::kRestartDelayFirst);
  }
}

// Workers that say hello and end before their first task never get anywhere either.
TEST_F(SlotRestarts_Test, IdleWorkersEndAgainAndAgainThenSlotIsBroken) {
  for (int start = 0; start < limits::kRestartBudget; ++start) {
    LaunchAndLink();
    EXPECT_TRUE(End().empty());
    now_ += limits::kRestartDelayMax;
  }
  EXPECT_EQ(slot_.Describe().state(), "BROKEN");
}

TEST_F(SlotRestarts_Test, TaskFinishesThenBudgetIsFull) {
  for (int start = 0; start < 3 * limits::kRestartBudget; ++start) {
    LaunchAndLink();
    AssignTask("t");
    slot_.Finish("t");
    EXPECT_TRUE(End().empty());
    EXPECT_EQ(slot_.Describe().state(), "BACKING_OFF");
    Pass(limits::kRestartDelayFirst);
  }
}

TEST_F(SlotRestarts_Test, GivenARestartThenTheWorkerEndsAndItsSlotSaysWhy) {
  slot_.Restart("it keeps memory", now_);
  LaunchAndLink();
  slot_.Restart("it keeps memory", now_);
  EXPECT_EQ(link_.sent, std::vector<std::string>{"shutdown"});
  EXPECT_FALSE(slot_.BecomeIdle());
  worker::v1::Task task;
  task.set_task_id("t");
  EXPECT_FALSE(slot_.Assign(task, std::nullopt).ok());
  Pass(limits::kTerminateGrace);
  EXPECT_EQ(process_.signals, Signals{"TERM"});
  EXPECT_TRUE(End().empty());
  EXPECT_THAT(slot_.Describe().detail(), testing::HasSubstr("it keeps memory"));
  Pass(limits::kRestartDelayFirst);
  LaunchAndLink();
  EXPECT_EQ(slot_.Describe().detail(), "");
}

TEST_F(SlotRestarts_Test, GivenATaskInARestartThenItIsLostForThatReason) {
  LaunchAndLink();
  AssignTask("t");
  slot_.Restart("it keeps memory", now_);
  const auto lost = End();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].reason, "WORKER_RESTARTED");
}

}  // namespace
}  // namespace sumscope::workers
