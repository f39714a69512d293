// The server dies at every point; the next one goes on.
#include <thread>

#include "server/jobs/job_manager.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Recovery_Test : public JobsFixture {
 protected:
  void SetUp() override {
    Boot();
    run_ = Id(Create().name());
  }
  void StartRun() {
    pool_->Idle(kSlot);
    task_ = StartNext().task.task_id();
  }
  std::string run_, task_;
};

TEST_F(Recovery_Test, QueuedRunStaysQueued) {
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_EQ(Get(run_).attempt(), 1u);
  pool_->Idle(kSlot);
  EXPECT_EQ(NextTask().task.task_id(), GetJob(run_).id + ".1");
}

TEST_F(Recovery_Test, StartingRunIsQueuedAgain) {
  pool_->Idle(kSlot);
  NextTask();
  EXPECT_THAT(Boot(), SizeIs(1));
  EXPECT_EQ(Get(run_).state(), v1::QUEUED);
  EXPECT_EQ(Get(run_).state_reason(), "SERVER_RESTARTED");
  EXPECT_EQ(Get(run_).attempt(), 2u);
}

TEST_F(Recovery_Test, RunningRunGoesOnFromItsResumeState) {
  StartRun();
  pool_->Send(kSlot, Metrics(0, 2));
  SendSet(worker::v1::RESUME_STATE, 2, "resume-2");
  pool_->Send(kSlot, Metrics(2, 1));
  pool_->Send(kSlot, SetBegin(worker::v1::RESUME_STATE, 3));
  const uint64_t sequence = pool_->Send(kSlot, Chunk("1234"));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("attempt 2")));
  EXPECT_EQ(Get(run_).steps_done(), 3u);
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.task.train().first_step(), 2u);
  EXPECT_EQ(given.tensor_bytes, "resume-2");
  SendWholeTraining(2);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  EXPECT_EQ(Get(run_).attempt(), 2u);
}

TEST_F(Recovery_Test, ServerThatDiesAgainAndAgainGivesUp) {
  for (uint32_t attempt = 1; attempt < limits::kMaxAttempts; ++attempt) {
    StartRun();
    Boot();
    ASSERT_EQ(Get(run_).state(), v1::QUEUED);
  }
  StartRun();
  Boot();
  EXPECT_EQ(Get(run_).state(), v1::FAILED);
  EXPECT_EQ(Get(run_).state_reason(), "WORKER_LOST");
}

TEST_F(Recovery_Test, CancellingRunIsCancelled) {
  StartRun();
  ASSERT_TRUE(manager_->CancelRun(run_).ok());
  Boot();
  EXPECT_EQ(Get(run_).state(), v1::CANCELLED);
  EXPECT_EQ(File(run_)->GetRun()->state(), v1::CANCELLED);
}

// The run file holds the end, the catalog does not.
TEST_F(Recovery_Test, CatalogFollowsAFileThatEnded) {
  StartRun();
  SendWholeTraining();
  catalog_.gate.Set([] { return absl::UnavailableError("the server dies here"); });
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitUntil(run_, [&] { return File(run_)->GetRun()->state() == v1::SUCCEEDED; }));
  Crash();
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
  catalog_.gate.Open();
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("SUCCEEDED")));
  EXPECT_EQ(Get(run_).state(), v1::SUCCEEDED);
  EXPECT_EQ(Get(run_).steps_done(), 4u);
  EXPECT_EQ(Get(run_).heldout_loss(), 0.25);
  EXPECT_THAT(Boot(), IsEmpty());
}

// The file of a resumed run still holds the end of its former attempt.
TEST_F(Recovery_Test, FormerEndOfAResumedRunIsNotFollowed) {
  StartRun();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::FAILED, "NON_FINITE_LOSS"));
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  Boot();
  ASSERT_TRUE(manager_->ResumeRun({}, run_).ok());
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_EQ(Get(run_).state(), v1::QUEUED);
}

TEST_F(Recovery_Test, CorruptFileFailsItsRunAndNotTheServer) {
  StartRun();
  const std::string other = Id(Create().name());
  Crash();
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "a bit flipped"); });
  EXPECT_THAT(Boot(), SizeIs(1));
  EXPECT_EQ(Get(run_).state(), v1::FAILED);
  EXPECT_EQ(Get(run_).state_reason(), "RUN_FILE_CORRUPT");
  EXPECT_EQ(Get(other).state(), v1::QUEUED);
}

TEST_F(Recovery_Test, FilesOfEndedRunsAreNotOpened) {
  pool_->Idle(kSlot);
  StartNext();
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  Crash();
  const auto opened = std::make_shared<std::atomic<int>>(0);
  files_.open_gate.Set([opened] {
    ++*opened;
    return absl::OkStatus();
  });
  Boot();
  EXPECT_EQ(*opened, 0);
}

class Drain_Test : public Recovery_Test {};

TEST_F(Drain_Test, RunningJobIsGivenBackWithoutCountingAFailure) {
  StartRun();
  std::thread drain([&] { manager_->Drain(absl::Seconds(20)); });
  ASSERT_TRUE(pool_->WaitForStop(task_));
  pool_->Send(kSlot, Metrics(0, 1));
  SendSet(worker::v1::RESUME_STATE, 1, "resume-1");
  pool_->Finish(kSlot, Finished(worker::v1::Finished::STOPPED));
  drain.join();
  EXPECT_TRUE(hub_->closed());
  EXPECT_EQ(Get(run_).state(), v1::QUEUED);
  EXPECT_EQ(Get(run_).state_reason(), "DRAINED");
  EXPECT_EQ(Get(run_).attempt(), 1u);
  EXPECT_THAT(Boot(), IsEmpty());
  pool_->Idle(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  EXPECT_EQ(given.task.train().first_step(), 1u);
  EXPECT_EQ(Get(run_).attempt(), 1u);
}

TEST_F(Drain_Test, WorkerKilledInADrainIsNoFailure) {
  StartRun();
  std::thread drain([&] { manager_->Drain(absl::Seconds(20)); });
  ASSERT_TRUE(pool_->WaitForStop(task_));
  pool_->Lose(kSlot, "WORKER_KILLED");
  drain.join();
  EXPECT_EQ(Get(run_).state(), v1::QUEUED);
  EXPECT_EQ(Get(run_).attempt(), 1u);
}

TEST_F(Drain_Test, NothingStartsAndNothingIsAccepted) {
  manager_->Drain(absl::Seconds(20));
  const auto refused = manager_->CreateRun({}, "", Spec(), {}, "ada");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(refused.status()), "DRAINING");
  EXPECT_EQ(pool_->tasks_given(), 0u);
  EXPECT_EQ(Get(run_).state(), v1::QUEUED);
}

class Dispatch_Test : public Recovery_Test {};

TEST_F(Dispatch_Test, FullDiskKeepsTheJobWaiting) {
  files_.gate.Fail(2, absl::ResourceExhaustedError("no space left"));
  pool_->Idle(kSlot);
  ASSERT_TRUE(WaitUntil(run_, [&] { return Events(run_).size() > 1; }));
  EXPECT_EQ(Events(run_)[1].change.reason(), "DISK_FULL");
  StartNext();
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
}

TEST_F(Dispatch_Test, CatalogThatFailsForAWhileIsTriedAgain) {
  std::atomic<int> failures{3};
  catalog_.gate.Set(
      [&]() -> absl::Status { return failures.fetch_sub(1) > 0 ? absl::UnavailableError("busy") : absl::OkStatus(); });
  pool_->Idle(kSlot);
  StartNext();
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
}

TEST_F(Dispatch_Test, UnreadableFileFailsTheJobAndTheNextOneStarts) {
  StartRun();
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "a bit flipped"); });
  const std::string other = Id(Create().name());
  pool_->Lose(kSlot);
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "RUN_FILE_CORRUPT");
  EXPECT_EQ(NextTask().task.task_id(), GetJob(other).id + ".1");
}

}  // namespace
}  // namespace sumscope::jobs
