// Runs that wait for runs.
#include "server/jobs/following/dependents.h"

#include "server/jobs/dependencies/dependencies.h"
#include "tests/server/jobs/waiting/waiting_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Dependents_Test : public WaitingFixture {};

TEST_F(Dependents_Test, AwaitedRunHasNotSucceededThenNothingStarts) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  EXPECT_EQ(Get(second).state(), v1::QUEUED);
  EXPECT_EQ(Get(second).state_reason(), "DEPENDENCY");
  EXPECT_THAT(GetJob(second).dependencies, ElementsAre(first));
  pool_->Idle("cpu1");  // a slot that is free all the time
  EXPECT_EQ(RunOf(StartNext()), first);
  const std::string third = Id(Create().name());
  pool_->Idle(kSlot);
  EXPECT_EQ(RunOf(NextTask()), third);  // it came later, and goes before
  EXPECT_EQ(pool_->tasks_given(), 2u);
}

TEST_F(Dependents_Test, AwaitedRunSucceedsThenItStarts) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  Train(first);
  EXPECT_EQ(RunOf(NextTask()), second);
  EXPECT_THAT(GetJob(second).dependencies, IsEmpty());
}

TEST_F(Dependents_Test, OneOfTwoSucceedsThenItWaitsForTheOther) {
  const std::string first = Id(Create().name());
  const std::string second = Id(Create().name());
  const std::string third = After({first, second});
  Train(first);
  ASSERT_TRUE(WaitUntil(third, [&] { return GetJob(third).dependencies == std::vector<std::string>{second}; }));
  EXPECT_EQ(Get(third).state_reason(), "DEPENDENCY");
  Train(second);
  EXPECT_EQ(RunOf(NextTask()), third);
}

TEST_F(Dependents_Test, AwaitedRunFailsThenAllThatWaitFail) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  const std::string third = After({second});
  const std::string analysis = Order(third);
  FailTraining(first);
  for (const std::string& run : {second, third}) {
    ASSERT_TRUE(WaitForState(run, v1::FAILED));
    EXPECT_EQ(Get(run).state_reason(), "DEPENDENCY_FAILED");
  }
  EXPECT_THAT(Get(second).state_detail(), HasSubstr(first));
  ASSERT_TRUE(WaitForAnalysis(third, analysis, v1::FAILED));
  EXPECT_EQ(GetAnalysis(third, analysis).state_reason(), "DEPENDENCY_FAILED");
}

TEST_F(Dependents_Test, AwaitedRunIsCancelledThenAllThatWaitFail) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), first).ok());
  ASSERT_TRUE(WaitForState(second, v1::FAILED));
  EXPECT_EQ(Get(second).state_reason(), "DEPENDENCY_FAILED");
}

TEST_F(Dependents_Test, PrivateRunFailsThenOthersAreNotToldItsName) {
  const std::string first = Private();
  const std::string second = After({first});
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), first).ok());
  ASSERT_TRUE(WaitForState(second, v1::FAILED));
  EXPECT_THAT(Get(second).state_detail(), Not(HasSubstr(first)));
}

TEST_F(Dependents_Test, WaitingRunIsCancelledThenItIsLetGoNoMore) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  EXPECT_EQ(manager_->runs().Cancel(Ada(), second)->state(), v1::CANCELLED);
  const std::string third = After({first});
  Train(first);
  EXPECT_EQ(RunOf(NextTask()), third);
  EXPECT_EQ(Get(second).state(), v1::CANCELLED);
}

TEST_F(Dependents_Test, SucceededRunIsNotWaitedFor) {
  const std::string first = Trained();
  const std::string second = After({first});
  EXPECT_THAT(GetJob(second).dependencies, IsEmpty());
  EXPECT_EQ(RunOf(NextTask()), second);
}

TEST_F(Dependents_Test, RunCannotWaitForItself) {
  EXPECT_EQ(ErrorReason(TryAfter({"mine"}, "mine").status()), "DEPENDENCY_ON_ITSELF");
}

TEST_F(Dependents_Test, PrivateRunOfAnotherIsAsOneThatIsNotThere) {
  const std::string hidden = Private();
  const storage::Actor bob(storage::Viewer::User("bob"), nullptr);
  NewRun run;
  run.spec = Spec();
  run.after = {hidden};
  const absl::Status of_hidden = manager_->runs().Create(bob, {}, run).status();
  run.after = {"rzzzzzzz"};
  const absl::Status of_none = manager_->runs().Create(bob, {}, run).status();
  EXPECT_EQ(ErrorReason(of_hidden), "RUN_NOT_FOUND");
  std::string text(of_hidden.message());
  for (size_t at = 0; (at = text.find(hidden)) != std::string::npos;) text.replace(at, hidden.size(), "rzzzzzzz");
  EXPECT_EQ(text, of_none.message());
  EXPECT_EQ(manager_->runs().Check(bob, run).code(), absl::StatusCode::kNotFound);
}

TEST_F(Dependents_Test, EndedOrDeletedRunIsRefused) {
  const std::string cancelled = Id(Create().name());
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), cancelled).ok());
  EXPECT_EQ(ErrorReason(TryAfter({cancelled}).status()), "DEPENDENCY_ENDED");
  const std::string failed = Id(Create().name());
  FailTraining(failed);
  EXPECT_EQ(ErrorReason(TryAfter({failed}).status()), "DEPENDENCY_ENDED");
  ASSERT_TRUE(manager_->runs().Delete(Ada(), failed).ok());
  EXPECT_EQ(ErrorReason(TryAfter({failed}).status()), "RUN_DELETED");
}

TEST_F(Dependents_Test, ResumedRunWaitsForWhatIsOnItsWayAgain) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  FailTraining(first);
  ASSERT_TRUE(WaitForState(second, v1::FAILED));
  EXPECT_EQ(ErrorReason(manager_->runs().Resume(Ada(), {}, second).status()), "DEPENDENCY_ENDED");
  ASSERT_TRUE(manager_->runs().Resume(Ada(), {}, first).ok());
  EXPECT_EQ(Get(second).state(), v1::FAILED);  // nobody brought it back
  const auto resumed = manager_->runs().Resume(Ada(), {}, second);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->state_reason(), "DEPENDENCY");
  Train(first);
  EXPECT_EQ(RunOf(NextTask()), second);
}

TEST_F(Dependents_Test, ServerDiesBeforeAnythingIsLetGoThenTheNextOneDoes) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  DieAfterTheEndOf(first);
  Train(first);
  BootAgain();
  pool_->Idle(kSlot);
  EXPECT_EQ(RunOf(NextTask()), second);
}

TEST_F(Dependents_Test, ServerDiesBeforeAnythingFailsThenTheNextOneEndsAll) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  const std::string third = After({second});
  DieAfterTheEndOf(first);
  FailTraining(first);
  EXPECT_EQ(Get(second).state(), v1::QUEUED);
  BootAgain();
  for (const std::string& run : {second, third}) EXPECT_TRUE(WaitForState(run, v1::FAILED));
}

TEST_F(Dependents_Test, ServerDiesWhileRunsWaitThenTheyWaitOn) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  BootAgain();
  Train(first);
  EXPECT_EQ(RunOf(NextTask()), second);
}

TEST_F(Dependents_Test, CatalogRefusesForNowThenItIsTriedAgain) {
  const std::string first = Id(Create().name());
  const std::string second = After({first});
  auto refusals = std::make_shared<std::atomic<int>>(3);
  catalog_.gate.Set([this, first, refusals] {
    const bool ended = Get(first).state() == v1::SUCCEEDED;
    return ended && refusals->fetch_sub(1) > 0 ? absl::UnavailableError("busy") : absl::OkStatus();
  });
  Train(first);
  EXPECT_EQ(RunOf(NextTask()), second);
}

}  // namespace
}  // namespace sumscope::jobs
