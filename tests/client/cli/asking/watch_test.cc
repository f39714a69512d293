#include <thread>

#include "gmock/gmock.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Watch_Test : public CommandFixture {
 protected:
  void EndAs(v1::State state) {
    server_.run.set_state(state);
    server_.events = EventsOf(server_.run);
  }
};

TEST_F(Watch_Test, WhenTheRunSucceedsThenPlainLinesOnStderrAndTheRunOnStdout) {
  EXPECT_EQ(Run({"runs", "watch", "r7"}), 0);
  EXPECT_EQ(Err(),
            "r7k2m9qa  QUEUED (RESOURCES)\n"
            "r7k2m9qa  RUNNING\n"
            "r7k2m9qa  WARNING  a warning\\x1b[31m\n"
            "r7k2m9qa  50 %  7500/15000  loss 0.2500  150 steps/s  ETA 50 s  held-out 0.5000\n"
            "r7k2m9qa  SUCCEEDED after 15,000 steps in 59 min 50 s, loss 0.01670, held-out 0.01710\n");
  EXPECT_THAT(Out(), HasSubstr("r7k2m9qa"));
}

TEST_F(Watch_Test, WhenTheRunFailsOrIsCancelledThenTheExitCodeSaysSo) {
  EndAs(v1::FAILED);
  EXPECT_EQ(Run({"runs", "watch", "r7"}), 5);
  EndAs(v1::CANCELLED);
  EXPECT_EQ(Run({"train", "m", "--watch"}), 6);
  EXPECT_EQ(Run({"runs", "watch", "r7", "-q"}), 6);
  EXPECT_EQ(Err(), "");
}

TEST_F(Watch_Test, WhenATerminalThenProgressIsDrawnOverAndNothingOfItStays) {
  terminal_.err_is_terminal = true;
  terminal_.width_of_err = [] { return 100; };
  EXPECT_EQ(Run({"runs", "watch", "r7"}), 0);
  EXPECT_THAT(Err(), HasSubstr("\r\x1b[Kr7k2m9qa  ["));
  EXPECT_THAT(Err(), HasSubstr("ETA 50 s  held-out 0.5000\r\x1b[Kr7k2m9qa  SUCCEEDED"));
  EXPECT_THAT(Out(), Not(HasSubstr("\x1b")));
}

TEST_F(Watch_Test, WhenTheServerRestartsThenTheWatchGoesOnAndSaysSo) {
  server_.break_kind = Break::kHang;
  server_.break_after = 2;
  server_.breaks = 1;
  std::thread stopper([this] {
    server_.hanging.get_future().wait();
    server_.Stop();
  });
  sleeper_.on_sleep = [&] {
    if (stopper.joinable()) stopper.join();
    server_.Start();
    sleeper_.on_sleep = nullptr;
  };
  EXPECT_EQ(Run({"train", "m", "--watch"}), 0);
  EXPECT_THAT(Err(), HasSubstr("lost the server"));
  EXPECT_EQ(server_.LastRequest<v1::WatchRunRequest>().resume_token(), "2");
  EXPECT_EQ(server_.CountCalls("CreateRun"), 1);
}

TEST_F(Watch_Test, WhenTheUserDetachesThenTheJobGoesOnAndTheWayBackIsTold) {
  server_.break_kind = Break::kHang;
  server_.break_after = 2;
  server_.breaks = 1;
  std::thread user([this] {
    server_.hanging.get_future().wait();
    cancellation_.Cancel();
  });
  EXPECT_EQ(Run({"train", "m", "--watch"}), 130);
  user.join();
  EXPECT_THAT(Err(), HasSubstr("sumscope runs watch r7k2m9qa"));
  EXPECT_THAT(Err(), Not(HasSubstr("error:")));
  EXPECT_EQ(server_.CountCalls("CancelRun"), 0);
}

// --then was dropped without a word.
TEST_F(Watch_Test, WhenTheUserDetachesThenHowToReadWhatFollowsIsTold) {
  server_.break_kind = Break::kHang;
  server_.break_after = 2;
  server_.breaks = 1;
  std::thread user([this] {
    server_.hanging.get_future().wait();
    cancellation_.Cancel();
  });
  EXPECT_EQ(Run({"train", "m", "--watch", "--then", "evaluate,useful-nodes"}), 130);
  user.join();
  EXPECT_THAT(Err(), HasSubstr("Once the run has succeeded these are answered; read them with:\n"
                               "sumscope analyses show r7k2m9qa/a1b2c3d4\n"));
  EXPECT_EQ(server_.CountCalls("CreateAnalysis"), 2);
}

// --then of a run that failed was dropped in the same way.
TEST_F(Watch_Test, WhenTheRunFailsThenItIsToldThatNothingFollows) {
  EndAs(v1::FAILED);
  EXPECT_EQ(Run({"train", "m", "--watch", "--then", "evaluate"}), 5);
  EXPECT_THAT(Err(), HasSubstr("DEPENDENCY_FAILED"));
}

// With -q nobody was told the id, and the job went on unknown.
TEST_F(Watch_Test, WhenOnlyIdsAreWantedAndTheUserDetachesThenTheIdIsPrinted) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"train", "m", "--watch", "-q"},
                                                  {"train", "m", "--watch", "--then", "evaluate", "-o", "id"},
                                                  {"probe", "r7", "evaluate", "--wait", "-q"}}) {
    server_.hanging = std::promise<void>();
    server_.break_kind = Break::kHang;
    server_.break_after = 0;
    server_.breaks = 1;
    Cancellation stopped;
    std::thread user([this, &stopped] {
      server_.hanging.get_future().wait();
      stopped.Cancel();
    });
    out_.str("");
    EXPECT_EQ(RunCommandLine(command, environment_, {&terminal_, &clock_, &sleeper_, &stopped}), 130);
    user.join();
    EXPECT_EQ(Out(), command[0] == "train" ? "r7k2m9qa\n" : "runs/r7k2m9qa/analyses/a1b2c3d4\n");
  }
}

// The held-out loss of the attempt before stood beside the steps of this one.
TEST_F(Watch_Test, WhenTheRunWasResumedThenNothingOfTheOldAttemptIsShown) {
  v1::WatchRunResponse again, progress;
  again.mutable_state()->set_state(v1::RUNNING);
  again.mutable_state()->set_attempt(2);
  again.mutable_state()->set_segment(2);
  again.set_resume_token("90");
  progress.mutable_progress()->set_step(7);
  progress.mutable_progress()->set_steps(15000);
  const v1::WatchRunResponse end = server_.events.back();
  server_.events.back() = again;
  server_.events.push_back(progress);
  server_.events.push_back(end);
  clock_.step = absl::Hours(1);  // so that each progress is worth a line
  EXPECT_EQ(Run({"runs", "watch", "r7"}), 0);
  EXPECT_THAT(Err(), HasSubstr("held-out 0.5000"));
  const std::string after = Err().substr(Err().find("attempt 2"));
  EXPECT_THAT(after, HasSubstr("7/15000"));
  EXPECT_THAT(after.substr(0, after.find("SUCCEEDED")), Not(HasSubstr("held-out")));
}

TEST_F(Watch_Test, WhenTheStreamAlwaysEndsBeforeItsEndMarkThenItIsNoSuccess) {
  server_.break_kind = Break::kEndEarly;
  server_.break_after = 0;
  server_.breaks = 1'000'000;
  EXPECT_EQ(Run({"runs", "watch", "r7"}), 7);
  EXPECT_THAT(Err(), HasSubstr("sumscope runs watch r7k2m9qa"));
}

TEST_F(Watch_Test, WhenEvaluateFollowsThenItsResultIsPrinted) {
  EXPECT_EQ(Run({"train", "m", "--watch", "--then", "evaluate"}), 0);
  EXPECT_THAT(Out(), HasSubstr("95.70 %"));
  EXPECT_EQ(server_.CountCalls("CreateAnalysis"), 1);
  EndAs(v1::FAILED);
  EXPECT_EQ(Run({"train", "m", "--watch", "--then", "evaluate"}), 5);
  EXPECT_EQ(server_.CountCalls("CreateAnalysis"), 2);
}

}  // namespace
}  // namespace sumscope::client
