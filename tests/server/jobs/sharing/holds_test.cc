// Callers change the order of the queue, within their limits.
#include <atomic>
#include <functional>
#include <thread>
#include <tuple>

#include "server/jobs/analyses/analyses.h"
#include "tests/server/jobs/sharing/sharing_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;

class Holds_Test : public SharingFixture {
 protected:
  Queue& queue() { return manager_->queue(); }
  std::vector<std::string> Order() {
    std::vector<std::string> runs;
    for (const QueuedJob& job : manager_->queue().View()->jobs) runs.push_back(job.job.run);
    return runs;
  }
  static NewAnalysis Evaluate(v1::Priority priority) {
    NewAnalysis asked;
    asked.analysis.set_analysis("evaluate");
    asked.analysis.mutable_request()->mutable_evaluate();
    asked.analysis.mutable_question_set()->mutable_uniform()->set_count(10);
    asked.analysis.mutable_question_set()->set_sha256("q10");
    asked.priority = priority;
    return asked;
  }
  // Of an unfinished run: its answer waits.
  absl::Status Order(const std::string& user, v1::Priority priority, const std::string& run) {
    NewAnalysis asked = Evaluate(priority);
    asked.analysis.set_owner(user);
    return manager_->analyses().Create(User(user), {}, run, asked).status();
  }
  // The same, which meets `meanwhile` when it is admitted and about to be written.
  absl::Status OrderMeeting(const std::string& user, v1::Priority priority, const std::string& run,
                            const std::function<absl::Status()>& meanwhile) {
    std::atomic<bool> met{false};
    catalog_.gate.Set([&] { return met.exchange(true) ? absl::OkStatus() : meanwhile(); });
    const absl::Status made = Order(user, priority, run);
    catalog_.gate.Open();
    EXPECT_TRUE(met);
    return made;
  }
};

TEST_F(Holds_Test, JobIsHeldThenOthersStartUntilItIsReleased) {
  const std::string held = Of("ada"), other = Of("ada");
  ASSERT_TRUE(queue().Hold(User("ada"), JobOf(held)).ok());
  ASSERT_TRUE(queue().Hold(User("root"), JobOf(held)).ok()) << "it stays so";
  EXPECT_EQ(GetJob(held).held_by, "ada");
  EXPECT_EQ(Get(held).state_reason(), "HELD");
  EXPECT_EQ(WhyWaits(held), "HELD");
  EXPECT_EQ(queue().View()->Find(JobOf(held))->place, 0u);
  pool_->Idle(kSlot);
  StartsNext(other);
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(other, v1::SUCCEEDED));
  ASSERT_TRUE(queue().Release(User("ada"), JobOf(held)).ok());
  StartsNext(held);
  EXPECT_EQ(GetJob(held).held_by, "");
}

// A view that had seemed to take 2 ms was shown for five times as long, whatever had changed since.
TEST_F(Holds_Test, MachineIsBusyThenTheQueueIsShownAsItIs) {
  const std::string first = Of("ada"), second = Of("ada");
  clock_.PassBetweenLooks(absl::Milliseconds(7));
  EXPECT_EQ(queue().View()->Find(JobOf(first))->place, 1u);
  ASSERT_TRUE(queue().Hold(User("ada"), JobOf(first)).ok());
  EXPECT_EQ(WhyWaits(first), "HELD");
  EXPECT_EQ(queue().View()->Find(JobOf(second))->place, 1u);
  ASSERT_TRUE(queue().Release(User("ada"), JobOf(first)).ok());
  EXPECT_EQ(queue().View()->Find(JobOf(first))->place, 1u);
  EXPECT_EQ(queue().View()->Find(JobOf(second))->place, 2u);
}

TEST_F(Holds_Test, ServerIsRestartedThenHoldPriorityAndPlaceAreKept) {
  const std::string held = Of("ada"), low = Of("ada", v1::LOW), normal = Of("ada");
  ASSERT_TRUE(queue().Hold(User("ada"), JobOf(held)).ok());
  Boot();
  EXPECT_THAT(Order(), ElementsAre(normal, low, held));
  EXPECT_EQ(WhyWaits(held), "HELD");
  pool_->Idle(kSlot);
  StartsNext(normal);
}

TEST_F(Holds_Test, JobHasStartedOrEndedThenItIsRefused) {
  const std::string run = Of("ada");
  EXPECT_EQ(ErrorReason(queue().Release(User("ada"), JobOf(run))), "JOB_NOT_HELD");
  EXPECT_EQ(ErrorReason(queue().Hold(User("ada"), "jnothere")), "JOB_NOT_FOUND");
  pool_->Idle(kSlot);
  StartsNext(run);
  EXPECT_EQ(ErrorReason(queue().Hold(User("ada"), JobOf(run))), "JOB_STARTED");
  EXPECT_EQ(ErrorReason(queue().SetPriority(User("ada"), JobOf(run), v1::LOW)), "JOB_STARTED");
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run, v1::SUCCEEDED));
  EXPECT_EQ(ErrorReason(queue().Hold(User("ada"), JobOf(run))), "JOB_ENDED");
  EXPECT_EQ(ErrorReason(queue().Release(User("ada"), JobOf(run))), "JOB_ENDED");
}

TEST_F(Holds_Test, HeldJobIsCancelledThenItEnds) {
  const std::string run = Of("ada");
  ASSERT_TRUE(queue().Hold(User("ada"), JobOf(run)).ok());
  EXPECT_EQ(manager_->runs().Cancel(User("ada"), run)->state(), v1::CANCELLED);
}

// Held once, a run that was cancelled and resumed waited for a release again.
TEST_F(Holds_Test, HeldJobEndsThenItIsHeldNoMore) {
  const std::string run = Of("ada");
  ASSERT_TRUE(queue().Hold(User("ada"), JobOf(run)).ok());
  ASSERT_TRUE(manager_->runs().Cancel(User("ada"), run).ok());
  EXPECT_EQ(GetJob(run).held_by, "");
  ASSERT_TRUE(manager_->runs().Resume(User("ada"), {}, run).ok());
  EXPECT_NE(WhyWaits(run), "HELD");
  pool_->Idle(kSlot);
  StartsNext(run);
}

TEST_F(Holds_Test, PriorityIsChangedThenSoIsTheOrder) {
  const std::string first = Of("ada"), second = Of("ada"), third = Of("ada");
  ASSERT_TRUE(queue().SetPriority(User("ada"), JobOf(first), v1::LOW).ok());
  ASSERT_TRUE(queue().SetPriority(User("root"), JobOf(third), v1::HIGH).ok());
  EXPECT_THAT(Order(), ElementsAre(third, second, first));
  EXPECT_EQ(queue().View()->Find(JobOf(third))->place, 1u);
  EXPECT_EQ(GetJob(third).priority, v1::HIGH);
}

TEST_F(Holds_Test, MemberWithoutAQuotaAsksForHighThenItIsDenied) {
  EXPECT_EQ(TryCreate("ada", v1::HIGH).status().code(), absl::StatusCode::kPermissionDenied);
  const std::string run = Of("ada");
  const absl::Status denied = queue().SetPriority(User("ada"), JobOf(run), v1::HIGH);
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorReason(denied), "HIGH_PRIORITY_LIMIT");
  EXPECT_EQ(GetJob(run).priority, v1::NORMAL);
}

TEST_F(Holds_Test, MemberHasAQuotaThenItIsKept) {
  shares_.role_limits[v1::MEMBER].high = 1;
  Boot();
  const std::string run = Of("ada", v1::HIGH);
  pool_->Idle(kSlot);
  StartsNext(run);  // counts while it runs, too
  const absl::Status full = TryCreate("ada", v1::HIGH).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(full), "HIGH_PRIORITY_LIMIT");
  EXPECT_TRUE(TryCreate("bob", v1::HIGH).ok());
  EXPECT_TRUE(TryCreate("root", v1::HIGH).ok());
  EXPECT_TRUE(TryCreate("root", v1::HIGH).ok()) << "admins have no bound";
}

TEST_F(Holds_Test, AsManyWaitAsMayThenMoreAreRefusedForNow) {
  shares_.user_limits["ada"].waiting = 2;
  Boot();
  Of("ada");
  Of("ada");
  const absl::Status full = TryCreate("ada").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(full), "WAITING_LIMIT");
  EXPECT_TRUE(TryCreate("bob").ok());
  EXPECT_EQ(queue().View()->shares.at("ada").waiting_limit, 2u);
}

// What was admitted counted only once it was in the queue: who came before that passed every limit.
TEST_F(Holds_Test, AnotherComesBeforeTheFirstIsInTheQueueThenTheLimitsHold) {
  shares_.user_limits["ada"].waiting = 1;
  shares_.user_limits["bob"].high = 1;
  Boot();
  for (const auto& [user, priority, reason] :
       {std::make_tuple("ada", v1::NORMAL, "WAITING_LIMIT"), std::make_tuple("bob", v1::HIGH, "HIGH_PRIORITY_LIMIT")}) {
    const std::string first = Of("root"), second = Of("root");
    absl::Status another;
    const absl::Status one = OrderMeeting(user, priority, first, [&, user = user, priority = priority] {
      another = Order(user, priority, second);
      return absl::UnavailableError("nothing is written");
    });
    EXPECT_EQ(ErrorReason(another), reason);
    EXPECT_EQ(one.code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(Order(user, priority, first).ok()) << "what did not come takes no room";
    EXPECT_EQ(ErrorReason(Order(user, priority, second)), reason);
  }
}

TEST_F(Holds_Test, ManyComeTogetherThenAsManyAsMayAreTaken) {
  constexpr int kCallers = 8;
  shares_.user_limits["ada"].waiting = 3;
  Boot();
  std::atomic<int> taken{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) callers.emplace_back([&] { taken += TryCreate("ada").ok() ? 1 : 0; });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(taken, 3);
}

TEST_F(Holds_Test, RunWouldBeRefusedThenItsCheckSaysSo) {
  shares_.user_limits["ada"].waiting = 1;
  Boot();
  const std::string run = Of("ada");
  NewRun another;
  another.spec = Spec();
  EXPECT_EQ(ErrorReason(manager_->runs().Check(User("ada"), another)), "WAITING_LIMIT");
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(User("ada"), run, Evaluate(v1::NORMAL))), "WAITING_LIMIT");
  EXPECT_TRUE(manager_->runs().Check(User("bob"), another).ok());
}

TEST_F(Holds_Test, LimitIsBelowWhatIsThereThenNothingIsLost) {
  const std::string one = Of("ada"), two = Of("ada"), three = Of("ada");
  shares_.user_limits["ada"].waiting = 1;
  shares_.user_limits["ada"].running = 1;
  Boot();
  EXPECT_THAT(Order(), ElementsAre(one, two, three));
  EXPECT_EQ(ErrorReason(TryCreate("ada").status()), "WAITING_LIMIT");
  pool_->Idle(kSlot);
  StartsNext(one);
}

TEST_F(Holds_Test, ManyWaitAndThePolicyChangesThenAllGoOn) {
  std::vector<std::string> runs;
  for (int i = 0; i < 1000; ++i) runs.push_back(Of(i % 2 == 0 ? "ada" : "bob"));
  ASSERT_TRUE(queue().Hold(User("ada"), JobOf(runs[2])).ok());
  shares_.weights["bob"] = 5;
  shares_.half_life = absl::Hours(1);
  shares_.slice = absl::Seconds(1);
  shares_.user_limits["ada"].running = 1;
  Boot();
  EXPECT_EQ(queue().View()->jobs.size(), 1000u);
  EXPECT_EQ(queue().View()->jobs.back().job.run, runs[2]);
  pool_->Idle(kSlot);
  StartsNext(runs[0]);
}

class QuickLane_Test : public SharingFixture {
 protected:
  // ada asks for an evaluation of a trained run, which is expected to take so long.
  void AskFor(const std::string& run, double seconds) { Ask("ada", run, v1::NORMAL, seconds); }
};

TEST_F(QuickLane_Test, ShortAnalysisComesThenTheLaneIsWokenForIt) {
  const std::string run = Trained();
  pool_->AddSlot("quick-cpu");
  Of("ada");  // keeps the slot
  StartNext();
  AskFor(run, 2);
  ASSERT_TRUE(pool_->WaitForWake("quick-cpu"));
  pool_->Idle("quick-cpu");
  EXPECT_EQ(NextTask().slot, "quick-cpu");
  // What is counted beside a limit counted what the limit does not.
  EXPECT_EQ(manager_->queue().View()->shares.at("ada").running, 1u);
}

// Waking the lane again and again kept trainings from giving way.
TEST_F(QuickLane_Test, LaneIsOnItsWayThenTrainingsTakeTurnsAllTheSame) {
  const std::string run = Trained();
  pool_->AddSlot("quick-cpu");
  Of("ada");
  const FakeWorkerPool::Given given = StartNext();
  AskFor(run, 2);
  ASSERT_TRUE(pool_->WaitForWake("quick-cpu"));
  Of("bob");
  clock_.Pass(2 * kSlice);
  EXPECT_TRUE(pool_->WaitForStop(given.task.task_id()));
}

}  // namespace
}  // namespace sumscope::jobs
