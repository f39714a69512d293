// Sweeps: made, ended and queued again together.
#include "server/jobs/sweeps/sweeps.h"

#include <map>

#include "proto/contract/limits.h"
#include "proto/contract/models/sweep_members.h"
#include "server/jobs/tasks/insert_source.h"
#include "tests/server/jobs/waiting/waiting_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;

class Sweeps_Test : public WaitingFixture {
 protected:
  using Counts = std::map<v1::State, uint32_t>;

  // Of so many seeds, with so many orders of each run.
  static NewSweep Asked(int seeds, int orders = 0) {
    NewSweep asked;
    v1::SweepField* const field = asked.sweep.add_fields();
    field->set_field("seed");
    for (int seed = 1; seed <= seeds; ++seed) field->add_values(std::to_string(seed));
    *asked.sweep.mutable_spec() = Spec();
    const auto members = SweepMembers(Spec(), asked.sweep.fields());
    EXPECT_TRUE(members.ok()) << members.status();
    for (const SweepMember& member : *members) asked.members.push_back({member.spec, {}, 0});
    asked.orders.emplace_back();
    for (int i = 0; i < orders; ++i) asked.orders[0].push_back(Evaluate(static_cast<uint32_t>(i)));
    return asked;
  }
  // Its id.
  std::string Make(const NewSweep& asked) {
    const auto sweep = manager_->sweeps().Create(Ada(), {}, asked);
    EXPECT_TRUE(sweep.ok()) << sweep.status();
    return sweep.ok() ? IdOf(sweep->name()) : "";
  }
  std::vector<std::string> Members(const std::string& sweep) {
    std::vector<std::string> members;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto found = reader.sweeps().Members(sweep);
      if (found.ok()) members = *found;
      return found.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return members;
  }
  storage::SweepTally Tally(const std::string& sweep) {
    storage::SweepTally tally;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto counted = reader.sweeps().Tally(storage::Viewer::Server(), sweep);
      if (counted.ok()) tally = *counted;
      return counted.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return tally;
  }
  v1::Sweep Row(const std::string& sweep) {
    v1::Sweep row;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto found = reader.sweeps().Get(storage::Viewer::Server(), sweep);
      if (found.ok()) row = *found;
      return found.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return row;
  }
  // Its end is written by a thread that wakes nobody.
  bool WaitForEnd(const std::string& sweep) {
    const auto deadline = std::chrono::steady_clock::now() + FakeWorkerPool::kPatience;
    while (!Row(sweep).has_end_time() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return Row(sweep).has_end_time();
  }
  uint64_t RunsInCatalog() {
    uint64_t runs = 0;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      storage::RunQuery query;
      query.page_size = limits::kMaxPageSize;
      const auto page = reader.runs().List(storage::Viewer::Server(), query);
      if (page.ok()) runs = page->runs.size();
      return page.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return runs;
  }
};

TEST_F(Sweeps_Test, MadeThenAllOfItIsThereWithoutAFile) {
  NewSweep asked = Asked(3, 2);
  asked.sweep.set_visibility(v1::PRIVATE);
  (*asked.sweep.mutable_labels())["purpose"] = "test";
  const std::string sweep = Make(asked);
  const std::vector<std::string> members = Members(sweep);
  ASSERT_THAT(members, SizeIs(3));
  for (size_t i = 0; i < members.size(); ++i) {
    const v1::Run run = Get(members[i]);
    EXPECT_EQ(run.spec().seed(), i + 1);
    EXPECT_EQ(run.visibility(), v1::PRIVATE);
    EXPECT_EQ(run.owner(), "ada");
    EXPECT_EQ(run.sweep(), SweepName(sweep));
    EXPECT_EQ(run.labels().at("purpose"), "test");
    EXPECT_EQ(run.state(), v1::QUEUED);
    EXPECT_FALSE(storage_.run_files->Exists(members[i]));
  }
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::QUEUED, 3u)));
  EXPECT_THAT(Tally(sweep).analyses, ElementsAre(Pair(v1::QUEUED, 6u)));
  EXPECT_EQ(Row(sweep).owner(), "ada");
  EXPECT_EQ(Row(sweep).runs(), 3u);
}

TEST_F(Sweeps_Test, AllSucceedThenItHasAnEnd) {
  const std::string sweep = Make(Asked(2, 1));
  pool_->Idle(kSlot);
  for (int i = 0; i < 4; ++i) {  // two trainings and their analyses, in any order
    const FakeWorkerPool::Given given = StartNext();
    if (given.task.has_train()) {
      SendWholeTraining();
    } else {
      Message result;
      result.mutable_analysis_result()->mutable_evaluate()->set_loss(0.125);
      ASSERT_TRUE(pool_->WaitForAcknowledged(given.task.task_id(), pool_->Send(kSlot, result)));
    }
    pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  }
  EXPECT_TRUE(WaitForEnd(sweep));
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::SUCCEEDED, 2u)));
  EXPECT_THAT(Tally(sweep).analyses, ElementsAre(Pair(v1::SUCCEEDED, 2u)));
}

TEST_F(Sweeps_Test, SameRequestThenTheSameSweep) {
  const Request request = {"6f1a", "digest"};
  const auto first = manager_->sweeps().Create(Ada(), request, Asked(2));
  const auto second = manager_->sweeps().Create(Ada(), request, Asked(2));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->name(), first->name());
  EXPECT_EQ(RunsInCatalog(), 2u);
  EXPECT_EQ(ErrorReason(manager_->sweeps().Create(Ada(), {"6f1a", "other"}, Asked(2)).status()), "REQUEST_ID_REUSED");
}

TEST_F(Sweeps_Test, OneMemberIsRefusedThenNoneIsMade) {
  const std::string source = Private();
  NewSweep asked = Asked(3);
  asked.members[2].spec.set_insert_mode(v1::INSERT_ALL);
  asked.members[2].spec.set_init_from(InitFromText(source, 4));
  EXPECT_EQ(ErrorReason(manager_->sweeps().Check(Ada(), asked)), "SOURCE_IS_PRIVATE");
  EXPECT_EQ(ErrorReason(manager_->sweeps().Create(Ada(), {}, asked).status()), "SOURCE_IS_PRIVATE");
  EXPECT_EQ(RunsInCatalog(), 1u);  // the source
}

TEST_F(Sweeps_Test, NoneOrTooManyThenRefused) {
  NewSweep asked;
  EXPECT_EQ(ErrorReason(manager_->sweeps().Create(Ada(), {}, asked).status()), "SWEEP_EMPTY");
  asked.members.resize(limits::kMaxSweepRuns + 1);
  EXPECT_EQ(ErrorReason(manager_->sweeps().Check(Ada(), asked)), "SWEEP_TOO_LARGE");
}

TEST_F(Sweeps_Test, CancelledThenAllOfItEnds) {
  const std::string sweep = Make(Asked(3, 1));
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  const auto cancelled = manager_->sweeps().Cancel(Ada(), sweep);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::SWEEP_CANCELLED);
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::CANCELLING, 1u), Pair(v1::CANCELLED, 2u)));
  EXPECT_THAT(Tally(sweep).analyses, ElementsAre(Pair(v1::CANCELLED, 3u)));
  ASSERT_TRUE(pool_->WaitForCancel(given.task.task_id()));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  EXPECT_TRUE(WaitForEnd(sweep));
  EXPECT_EQ(ErrorReason(manager_->sweeps().Cancel(Ada(), sweep).status()), "SWEEP_ENDED");
  EXPECT_EQ(pool_->tasks_given(), 1u);
}

TEST_F(Sweeps_Test, MaxFailsThenTheRestIsCancelled) {
  NewSweep asked = Asked(4, 1);
  asked.sweep.set_max_fails(1);
  const std::string sweep = Make(asked);
  const std::vector<std::string> members = Members(sweep);
  pool_->Idle(kSlot);
  pool_->Idle("cpu1");
  const FakeWorkerPool::Given first = StartNext(), second = StartNext();
  Fail(first.slot);
  ASSERT_TRUE(pool_->WaitForCancel(second.task.task_id()));
  pool_->Finish(second.slot, Finished(worker::v1::Finished::CANCELLED));
  EXPECT_TRUE(WaitForEnd(sweep));
  EXPECT_EQ(Tally(sweep).runs[v1::FAILED], 1u);
  EXPECT_EQ(Tally(sweep).runs[v1::CANCELLED], 3u);
  int for_fails = 0;
  for (const std::string& member : members) {
    for_fails += Get(member).state_reason() == "SWEEP_FAILED_TOO_OFTEN" ? 1 : 0;
  }
  EXPECT_EQ(for_fails, 3);
  EXPECT_NE(Row(sweep).state_detail(), "");
}

TEST_F(Sweeps_Test, RetriedThenWhatFailedAndWhatEndedWithItIsQueuedAgain) {
  NewSweep asked = Asked(3, 1);
  asked.sweep.set_max_fails(1);
  const std::string sweep = Make(asked);
  const std::vector<std::string> members = Members(sweep);
  FailTraining(members[0]);
  ASSERT_TRUE(WaitForEnd(sweep));
  const Request request = {"6f1a", "digest"};
  ASSERT_TRUE(manager_->sweeps().Retry(Ada(), request, sweep).ok());
  EXPECT_EQ(Tally(sweep).runs.count(v1::FAILED), 0u);
  EXPECT_EQ(Tally(sweep).analyses.count(v1::FAILED) + Tally(sweep).analyses.count(v1::CANCELLED), 0u);
  EXPECT_FALSE(Row(sweep).has_end_time());
  EXPECT_EQ(Get(members[0]).attempt(), 2u);
  ASSERT_TRUE(manager_->sweeps().Retry(Ada(), request, sweep).ok());  // the same request: nothing new
  EXPECT_EQ(Get(members[0]).attempt(), 2u);
  EXPECT_EQ(ErrorReason(manager_->sweeps().Retry(Ada(), {}, sweep).status()), "SWEEP_HAS_NO_FAILED");
}

TEST_F(Sweeps_Test, DeletedThenItsRunsStay) {
  const std::string sweep = Make(Asked(2));
  EXPECT_EQ(ErrorReason(manager_->sweeps().Delete(Ada(), sweep)), "SWEEP_UNFINISHED");
  ASSERT_TRUE(manager_->sweeps().Cancel(Ada(), sweep).ok());
  EXPECT_TRUE(manager_->sweeps().Delete(Ada(), sweep).ok());
  EXPECT_EQ(ErrorReason(manager_->sweeps().Delete(Ada(), sweep)), "SWEEP_NOT_FOUND");
  EXPECT_EQ(RunsInCatalog(), 2u);
}

TEST_F(Sweeps_Test, PrivateSweepOfAnotherIsNotThere) {
  NewSweep asked = Asked(1);
  asked.sweep.set_visibility(v1::PRIVATE);
  const std::string sweep = Make(asked);
  const storage::Actor bob(storage::Viewer::User("bob"), nullptr);
  EXPECT_EQ(ErrorReason(manager_->sweeps().Cancel(bob, sweep).status()), "SWEEP_NOT_FOUND");
}

TEST_F(Sweeps_Test, MaxParallelThenNoMoreRunAtOnce) {
  NewSweep asked = Asked(3);
  asked.sweep.set_max_parallel(1);
  const std::string sweep = Make(asked);
  const std::string other = Id(Create().name());
  pool_->Idle(kSlot);
  pool_->Idle("cpu1");
  const std::string first = RunOf(StartNext()), second = RunOf(StartNext());
  EXPECT_EQ((Get(first).sweep() == SweepName(sweep)) + (Get(second).sweep() == SweepName(sweep)), 1);
  EXPECT_TRUE(first == other || second == other);
}

// The queue forgot the bound of a sweep that had ended, and a member that was resumed knew none; the sweep kept its
// end.
TEST_F(Sweeps_Test, MembersAreResumedThenTheSweepGoesOnWithinItsBound) {
  NewSweep asked = Asked(2);
  asked.sweep.set_max_parallel(1);
  const std::string sweep = Make(asked);
  ASSERT_TRUE(manager_->sweeps().Cancel(Ada(), sweep).ok());
  ASSERT_TRUE(WaitForEnd(sweep));
  const std::vector<std::string> members = Members(sweep);
  for (const std::string& member : members) ASSERT_TRUE(manager_->runs().Resume(Ada(), {}, member).ok());
  EXPECT_FALSE(Row(sweep).has_end_time());
  EXPECT_EQ(Row(sweep).state(), v1::SWEEP_STATE_UNSPECIFIED);
  const std::string other = Id(Create().name());
  pool_->Idle(kSlot);
  pool_->Idle("cpu1");
  EXPECT_THAT((std::vector<std::string>{RunOf(StartNext()), RunOf(StartNext())}),
              testing::UnorderedElementsAre(members[0], other));
  for (const std::string& member : members) ASSERT_TRUE(manager_->runs().Cancel(Ada(), member).ok());
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  pool_->Finish("cpu1", Finished(worker::v1::Finished::CANCELLED));
  EXPECT_TRUE(WaitForEnd(sweep)) << "it has another end";
}

// The failures that had ended a sweep ended a member that was resumed after it, as soon as another one had ended.
TEST_F(Sweeps_Test, MembersAreResumedAfterMaxFailsThenOnlyAnotherFailureEndsThem) {
  NewSweep asked = Asked(4);
  asked.sweep.set_max_fails(1);
  const std::string sweep = Make(asked);
  const std::vector<std::string> members = Members(sweep);
  FailTraining(members[0]);
  ASSERT_TRUE(WaitForEnd(sweep));
  for (const int i : {1, 2, 3}) ASSERT_TRUE(manager_->runs().Resume(Ada(), {}, members[i]).ok());
  BootAgain();
  Train(members[1]);
  FailTraining(members[2]);
  ASSERT_TRUE(WaitForState(members[3], v1::CANCELLED));
  EXPECT_EQ(Get(members[3]).state_reason(), "SWEEP_FAILED_TOO_OFTEN");
  EXPECT_TRUE(WaitForEnd(sweep));
}

// A deleted failure counted on, and ended what a retry had queued.
TEST_F(Sweeps_Test, FailedMemberIsDeletedThenTheRetryDoesNotEndItself) {
  NewSweep asked = Asked(3);
  asked.sweep.set_max_fails(1);
  const std::string sweep = Make(asked);
  const std::vector<std::string> members = Members(sweep);
  FailTraining(members[0]);
  ASSERT_TRUE(WaitForEnd(sweep));
  ASSERT_TRUE(manager_->runs().Delete(Ada(), members[0]).ok());
  ASSERT_TRUE(manager_->sweeps().Retry(Ada(), {}, sweep).ok());
  EXPECT_EQ(Row(sweep).state_detail(), "");
  Train(members[1]);
  Train(members[2]);
  EXPECT_TRUE(WaitForEnd(sweep));
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::SUCCEEDED, 2u)));
}

TEST_F(Sweeps_Test, LimitWouldRefuseItThenItsCheckSaysSo) {
  shares_.user_limits["ada"].waiting = 3;
  BootAgain();
  EXPECT_TRUE(manager_->sweeps().Check(Ada(), Asked(3)).ok());
  EXPECT_EQ(ErrorReason(manager_->sweeps().Check(Ada(), Asked(2, 1))), "WAITING_LIMIT");
  EXPECT_EQ(ErrorReason(manager_->sweeps().Create(Ada(), {}, Asked(2, 1)).status()), "WAITING_LIMIT");
}

TEST_F(Sweeps_Test, ServerDiesAfterTheFirstFailureThenTheNextOneEndsTheRest) {
  NewSweep asked = Asked(3, 1);
  asked.sweep.set_max_fails(1);
  const std::string sweep = Make(asked);
  const std::vector<std::string> members = Members(sweep);
  DieAfterTheEndOf(members[0]);
  FailTraining(members[0]);
  EXPECT_EQ(Tally(sweep).runs[v1::CANCELLED], 0u);
  BootAgain();
  EXPECT_TRUE(WaitForEnd(sweep));
  EXPECT_EQ(Tally(sweep).runs[v1::CANCELLED], 2u);
}

// A large sweep's cancel was one transaction, for whose seconds nobody else wrote.
TEST_F(Sweeps_Test, ServerDiesWhileItCancelsThenTheNextOneEndsTheRest) {
  const std::string sweep = Make(Asked(300, 1));
  catalog_.gate.Set([&] {
    return Tally(sweep).runs[v1::CANCELLED] > 0 ? absl::UnavailableError("the server dies here") : absl::OkStatus();
  });
  EXPECT_EQ(manager_->sweeps().Cancel(Ada(), sweep)->state(), v1::SWEEP_CANCELLED);
  EXPECT_GT(Tally(sweep).runs[v1::QUEUED], 0u);
  BootAgain();
  EXPECT_TRUE(WaitForEnd(sweep));
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::CANCELLED, 300u)));
  EXPECT_THAT(Tally(sweep).analyses, ElementsAre(Pair(v1::CANCELLED, 300u)));
  EXPECT_EQ(Row(sweep).state(), v1::SWEEP_CANCELLED);
}

TEST_F(Sweeps_Test, ThousandRunsAreMadeAndCancelled) {
  absl::Time start = absl::Now();
  const std::string sweep = Make(Asked(1000, 1));
  RecordProperty("create_ms", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - start)));
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::QUEUED, 1000u)));
  start = absl::Now();
  ASSERT_TRUE(manager_->sweeps().Cancel(Ada(), sweep).ok());
  RecordProperty("cancel_ms", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - start)));
  EXPECT_THAT(Tally(sweep).runs, ElementsAre(Pair(v1::CANCELLED, 1000u)));
  EXPECT_THAT(Tally(sweep).analyses, ElementsAre(Pair(v1::CANCELLED, 1000u)));
}

}  // namespace
}  // namespace sumscope::jobs
