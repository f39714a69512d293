// Runs from their creation to their end.
#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;

class Lifecycle_Test : public JobsFixture {
 protected:
  void SetUp() override { Boot(); }
};

TEST_F(Lifecycle_Test, TrainingGoesFromQueuedToSucceeded) {
  const v1::Run created = Create();
  const std::string id = Id(created.name());
  EXPECT_EQ(created.state(), v1::QUEUED);
  EXPECT_EQ(created.owner(), "ada");
  EXPECT_EQ(created.attempt(), 1u);
  EXPECT_FALSE(files_.Exists(id));

  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.task.task_id(), Id(created.job()) + ".1");
  EXPECT_EQ(given.task.train().first_step(), 0u);
  EXPECT_FALSE(given.task.has_tensors());
  EXPECT_EQ(Get(id).state(), v1::RUNNING);
  EXPECT_TRUE(Get(id).has_start_time());

  SendWholeTraining();
  const uint64_t last = pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(id, v1::SUCCEEDED));
  EXPECT_TRUE(pool_->WaitForAcknowledged(given.task.task_id(), last));

  const v1::Run run = Get(id);
  EXPECT_EQ(run.steps_done(), 4u);
  EXPECT_EQ(run.loss(), 3.0);
  EXPECT_EQ(run.heldout_loss(), 0.25);
  EXPECT_TRUE(run.has_end_time());
  EXPECT_THAT(States(id), ElementsAre(v1::QUEUED, v1::STARTING, v1::RUNNING, v1::SUCCEEDED));

  const v1::Run stored = *File(id)->GetRun();
  EXPECT_EQ(stored.state(), v1::SUCCEEDED);
  EXPECT_EQ(stored.steps_done(), 4u);
  ASSERT_EQ(stored.segments_size(), 1);
  EXPECT_EQ(stored.segments(0).host(), "box");
  EXPECT_EQ(stored.segments(0).segment(), 1u);
  v1::Progress progress;
  EXPECT_FALSE(hub_->GetProgress(id, &progress));
}

TEST_F(Lifecycle_Test, ClockThatJumpsChangesNeitherOrderNorEnd) {
  const v1::Run first = Create();
  clock_.Jump(-absl::Hours(24 * 365));
  const v1::Run second = Create();
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.task.task_id(), Id(first.job()) + ".1") << "the queue's order is not the clock's";
  clock_.Jump(absl::Hours(48 * 365));
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(Id(first.name()), v1::SUCCEEDED));
  EXPECT_THAT(States(Id(first.name())), ElementsAre(v1::QUEUED, v1::STARTING, v1::RUNNING, v1::SUCCEEDED));
  EXPECT_EQ(NextTask().task.task_id(), Id(second.job()) + ".1");
}

TEST_F(Lifecycle_Test, JobsStartInTheOrderOfTheirCreation) {
  const v1::Run first = Create(), second = Create(), third = Create();
  pool_->Idle("cpu0");
  EXPECT_EQ(NextTask().task.task_id(), Id(first.job()) + ".1");
  pool_->Idle("cpu1");
  EXPECT_EQ(NextTask().task.task_id(), Id(second.job()) + ".1");
  pool_->Idle("cpu2");
  EXPECT_EQ(NextTask().task.task_id(), Id(third.job()) + ".1");
}

TEST_F(Lifecycle_Test, SameRequestGivesTheSameRun) {
  const Request request = {"6f1a", "digest"};
  const auto first = manager_->runs().Create(Ada(), request, "", Spec(), {});
  const auto second = manager_->runs().Create(Ada(), request, "", Spec(), {});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->name(), second->name());
  const auto other = manager_->runs().Create(Ada(), {"6f1a", "another"}, "", Spec(), {});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrorReason(other.status()), "REQUEST_ID_REUSED");
}

TEST_F(Lifecycle_Test, RequestOutlivesTheServer) {
  const auto first = manager_->runs().Create(Ada(), {"6f1a", "digest"}, "", Spec(), {});
  Boot();
  const auto second = manager_->runs().Create(Ada(), {"6f1a", "digest"}, "", Spec(), {});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->name(), second->name());
}

TEST_F(Lifecycle_Test, ChosenIdThatIsTakenIsRefused) {
  Create("mine");
  EXPECT_EQ(ErrorReason(manager_->runs().Create(Ada(), {}, "mine", Spec(), {}).status()), "RUN_EXISTS");
}

TEST_F(Lifecycle_Test, QueuedRunIsCancelledAtOnce) {
  const std::string id = Id(Create().name());
  const auto cancelled = manager_->runs().Cancel(Ada(), id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::CANCELLED);
  const std::string next = Create().job();
  pool_->Idle(kSlot);
  EXPECT_EQ(NextTask().task.task_id(), Id(next) + ".1");
}

TEST_F(Lifecycle_Test, StartingRunIsCancelledWithoutWaitingForItsWorker) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = NextTask();
  const auto cancelled = manager_->runs().Cancel(Ada(), id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::CANCELLING);
  EXPECT_TRUE(pool_->WaitForCancel(given.task.task_id()));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  EXPECT_TRUE(WaitForState(id, v1::CANCELLED));
}

TEST_F(Lifecycle_Test, RunningRunIsCancelledAndKeepsItsMetrics) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  pool_->Send(kSlot, Metrics(0, 2));
  ASSERT_EQ(manager_->runs().Cancel(Ada(), id)->state(), v1::CANCELLING);
  ASSERT_EQ(manager_->runs().Cancel(Ada(), id)->state(), v1::CANCELLING);  // asked again
  EXPECT_THAT(std::string(manager_->runs().Resume(Ada(), {}, id).status().message()),
              testing::HasSubstr("wait until it has ended"));
  EXPECT_TRUE(pool_->WaitForCancel(given.task.task_id()));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  ASSERT_TRUE(WaitForState(id, v1::CANCELLED));
  EXPECT_EQ(*File(id)->MetricSteps(storage::Series::kDeterministic), 2u);
  EXPECT_EQ(File(id)->GetRun()->state(), v1::CANCELLED);
  EXPECT_EQ(Get(id).steps_done(), 2u);
  EXPECT_EQ(ErrorReason(manager_->runs().Cancel(Ada(), id).status()), "RUN_ENDED");
}

TEST_F(Lifecycle_Test, CancelThatCameTooLateLeavesASuccess) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  StartNext();
  SendWholeTraining();
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), id).ok());
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_TRUE(WaitForState(id, v1::SUCCEEDED));
}

TEST_F(Lifecycle_Test, WorkerLostWhileCancellingEndsCancelled) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  StartNext();
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), id).ok());
  pool_->Lose(kSlot, "WORKER_KILLED");
  EXPECT_TRUE(WaitForState(id, v1::CANCELLED));
}

TEST_F(Lifecycle_Test, FailedTrainingSaysWhy) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  StartNext();
  pool_->Send(kSlot, Metrics(0, 3));
  worker::v1::Finished failed = Finished(worker::v1::Finished::FAILED, "NON_FINITE_LOSS");
  failed.set_detail("at step 3");
  pool_->Finish(kSlot, failed);
  ASSERT_TRUE(WaitForState(id, v1::FAILED));
  EXPECT_EQ(Get(id).state_reason(), "NON_FINITE_LOSS");
  EXPECT_EQ(Get(id).state_detail(), "at step 3");
  EXPECT_EQ(Get(id).attempt(), 1u);
  EXPECT_EQ(*File(id)->MetricSteps(storage::Series::kDeterministic), 3u);
}

TEST_F(Lifecycle_Test, SuccessWithoutAllItsDataIsAFailure) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  StartNext();
  pool_->Send(kSlot, Metrics(0, 3));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(id, v1::FAILED));
  EXPECT_EQ(Get(id).state_reason(), "RUN_INCOMPLETE");
}

TEST_F(Lifecycle_Test, ResumedRunGoesOnFromItsResumeState) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  StartNext();
  pool_->Send(kSlot, Metrics(0, 2));
  SendSet(worker::v1::WEIGHTS, 2, "weights2");
  SendSet(worker::v1::RESUME_STATE, 2, "resume-2");
  pool_->Send(kSlot, Metrics(2, 1));
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), id).ok());
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  ASSERT_TRUE(WaitForState(id, v1::CANCELLED));

  const auto resumed = manager_->runs().Resume(Ada(), {"6f1a", "digest"}, id);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->state(), v1::QUEUED);
  EXPECT_EQ(resumed->attempt(), 2u);
  EXPECT_EQ(GetJob(id).attempt, 1u);  // it may fail anew
  EXPECT_FALSE(resumed->has_end_time());
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.task.task_id(), GetJob(id).id + ".2");
  EXPECT_EQ(given.task.train().first_step(), 2u);
  EXPECT_THAT(given.task.train().have_checkpoints(), ElementsAre(2u));
  EXPECT_EQ(given.task.threads(), 2u);  // of the first segment
  EXPECT_EQ(given.tensors.kind(), worker::v1::RESUME_STATE);
  EXPECT_EQ(given.tensor_bytes, "resume-2");
  EXPECT_EQ(manager_->runs().Resume(Ada(), {"6f1a", "digest"}, id)->state(), v1::RUNNING);  // the same request
  EXPECT_EQ(ErrorReason(manager_->runs().Resume(Ada(), {}, id).status()), "RUN_NOT_RESUMABLE");

  SendWholeTraining(2);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(id, v1::SUCCEEDED));
  EXPECT_EQ(File(id)->GetRun()->segments_size(), 2);
  EXPECT_FALSE(Get(id).mixed_hardware());
}

TEST_F(Lifecycle_Test, OtherInstructionSetIsMarked) {
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  StartNext();
  pool_->Lose(kSlot);
  const FakeWorkerPool::Given given = NextTask();
  const uint64_t sequence = pool_->Send(kSlot, Started("avx512"));
  ASSERT_TRUE(pool_->WaitForAcknowledged(given.task.task_id(), sequence));
  EXPECT_TRUE(Get(id).mixed_hardware());
  EXPECT_TRUE(File(id)->GetRun()->mixed_hardware());
}

TEST_F(Lifecycle_Test, RetryIsANewRunOfTheSameSpec) {
  const std::string id = Trained();
  const auto retry = manager_->runs().Retry(storage::Actor(storage::Viewer::User("bob"), nullptr), {}, id);
  ASSERT_TRUE(retry.ok()) << retry.status();
  EXPECT_NE(Id(retry->name()), id);
  EXPECT_EQ(retry->labels().at("retry_of"), id);
  EXPECT_EQ(retry->owner(), "bob");
  EXPECT_EQ(retry->spec().SerializeAsString(), Get(id).spec().SerializeAsString());
}

TEST_F(Lifecycle_Test, OnlyEndedRunsAreDeleted) {
  const std::string id = Id(Create().name());
  EXPECT_EQ(ErrorReason(manager_->runs().Delete(Ada(), id).status()), "RUN_UNFINISHED");
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), id).ok());
  ASSERT_TRUE(manager_->runs().Delete(Ada(), id)->has_delete_time());
  EXPECT_EQ(ErrorReason(manager_->runs().Resume(Ada(), {}, id).status()), "RUN_NOT_RESUMABLE");
  EXPECT_FALSE(manager_->runs().Undelete(Ada(), id)->has_delete_time());
  EXPECT_EQ(ErrorReason(manager_->runs().Delete(Ada(), "rnothere").status()), "RUN_NOT_FOUND");
}

TEST_F(Lifecycle_Test, LabelsReachCatalogAndFile) {
  const std::string id = Trained();
  ASSERT_TRUE(manager_->runs().Update(Ada(), id, {false, {{"purpose", "test"}, {"note", "x"}}, {}}).ok());
  const auto changed = manager_->runs().Update(Ada(), id, {false, {{"note", std::nullopt}}, {}});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->labels_size(), 1);
  EXPECT_EQ(Get(id).labels().at("purpose"), "test");
  EXPECT_EQ(File(id)->GetRun()->labels().at("purpose"), "test");
  EXPECT_EQ(File(id)->GetRun()->state(), v1::SUCCEEDED);
  EXPECT_EQ(manager_->runs().Update(Ada(), id, {true, {}, {}})->labels_size(), 0);
}

// They were stored, and the answer was RUN_FILE_CORRUPT.
TEST_F(Lifecycle_Test, FileIsDamagedThenLabelsAreChangedAllTheSame) {
  const std::string id = Trained();
  files_.OnOpen(
      [](const std::string&) { return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "damaged"); });
  const auto changed = manager_->runs().Update(Ada(), id, {false, {{"note", "x"}}, {}});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->labels().at("note"), "x");
  EXPECT_EQ(Get(id).labels().at("note"), "x");
}

TEST_F(Lifecycle_Test, SlotThatIsNotIdleGivesTheJobBack) {
  pool_->FailNextAssign(absl::FailedPreconditionError("SLOT_NOT_IDLE"));
  const std::string id = Id(Create().name());
  pool_->Idle(kSlot);
  ASSERT_TRUE(WaitUntil(id, [&] { return States(id).size() == 3; }));
  EXPECT_THAT(States(id), ElementsAre(v1::QUEUED, v1::STARTING, v1::QUEUED));
  EXPECT_EQ(Get(id).attempt(), 1u);
  pool_->Idle(kSlot);
  EXPECT_EQ(NextTask().task.task_id(), GetJob(id).id + ".2");
}

TEST_F(Lifecycle_Test, JobThatNoSlotCanRunSaysWhy) {
  pool_->SetWhyNoWorker("slot gpu0: no CUDA device");
  const std::string id = Id(Create().name());
  const std::string other = Id(Create().name());
  EXPECT_EQ(Get(id).state_reason(), "RESOURCES");
  ASSERT_TRUE(WaitUntil(id, [&] { return Get(id).state_reason() == "NO_WORKER"; }));
  EXPECT_EQ(Get(id).state_detail(), "slot gpu0: no CUDA device");
  EXPECT_EQ(Get(other).state_reason(), "PRIORITY");
  pool_->Idle(kSlot);
  EXPECT_EQ(NextTask().task.task_id(), GetJob(id).id + ".1");
  EXPECT_THAT(States(id), ElementsAre(v1::QUEUED, v1::QUEUED, v1::STARTING));
}

// It said NO_WORKER until it started, though the slot's next worker was only waiting for its turn in a cluster's queue.
TEST_F(Lifecycle_Test, WorkerIsAboutToComeThenJobWaitsForASlotAgain) {
  pool_->SetWhyNoWorker("slot gpu0: no CUDA device");
  const std::string id = Id(Create().name());
  ASSERT_TRUE(WaitUntil(id, [&] { return Get(id).state_reason() == "NO_WORKER"; }));
  pool_->SetWhyNoWorker("");
  ASSERT_TRUE(WaitUntil(id, [&] { return Get(id).state_reason() == "RESOURCES"; }));
  EXPECT_EQ(Get(id).state_detail(), "");
}

}  // namespace
}  // namespace sumscope::jobs
