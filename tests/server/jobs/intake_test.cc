// What workers send becomes durable before anybody hears of it.
#include "server/jobs/job_manager.h"
#include "server/jobs/rates/predictor.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/barrier.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class Intake_Test : public JobsFixture {
 protected:
  void SetUp() override {
    Boot();
    run_ = Id(Create().name());
    pool_->Idle(kSlot);
    task_ = StartNext().task.task_id();
  }
  std::string run_, task_;
};

TEST_F(Intake_Test, AcknowledgementComesAfterTheCommit) {
  const uint64_t before = pool_->acknowledged(task_);
  const auto barrier = std::make_shared<Barrier>();  // lives as long as the hook
  files_.gate.Set([barrier] { return barrier->Enter(); });
  const uint64_t sequence = pool_->Send(kSlot, Metrics(0, 1));
  barrier->WaitUntilEntered();
  EXPECT_EQ(pool_->acknowledged(task_), before);
  EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 0u);
  barrier->Release();
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 1u);
}

TEST_F(Intake_Test, WatchersSeeProgressOfWhatIsStored) {
  pool_->Send(kSlot, Metrics(0, 2));
  const uint64_t sequence = pool_->Send(kSlot, Timing(0, 2, 4));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  v1::Progress progress;
  ASSERT_TRUE(WaitUntil(run_, [&] { return hub_->GetProgress(run_, &progress) && progress.steps_per_second() == 4; }));
  EXPECT_EQ(progress.step(), 2u);
  EXPECT_EQ(progress.steps(), 4u);
  EXPECT_EQ(progress.loss(), 1.0);
  EXPECT_EQ(progress.eta_seconds(), 0.5);
}

TEST_F(Intake_Test, ATrainingEndedThenItsRatesArePredictedWith) {
  constexpr double kStepsPerSecond = 10, kCheckpointSeconds = 2.5;
  pool_->Send(kSlot, Metrics(0, 4));
  pool_->Send(kSlot, Timing(0, 4, kStepsPerSecond));
  SendSet(worker::v1::WEIGHTS, 4, "weights!", 0.25);
  const uint64_t last = pool_->Send(kSlot, LogText("INFO", "last"));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, last));
  clock_.Pass(absl::Seconds(0.4 + 4 * kCheckpointSeconds));  // checkpoints 0, 1, 2 and 4
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  Boot();  // it is kept
  const PredictedTime time = manager_->predictor().Training(Spec(10), {"cpu", 2});
  EXPECT_EQ(time.basis, Basis::kThisShape);
  EXPECT_NEAR(time.seconds, 10 / kStepsPerSecond + 5 * kCheckpointSeconds, 2);  // beside what this test took
}

// After a lost worker the step was the new segment's and the loss the lost one's, thousands of steps later.
TEST_F(Intake_Test, GivenStepsThatAreRecomputedThenTheLossIsThatOfTheStep) {
  pool_->Send(kSlot, Metrics(0, 1));
  SendSet(worker::v1::RESUME_STATE, 1);
  const uint64_t last = pool_->Send(kSlot, Metrics(1, 2));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, last));
  pool_->Lose(kSlot);
  const FakeWorkerPool::Given given = StartNext();
  ASSERT_EQ(given.task.train().first_step(), 1u);
  pool_->Send(kSlot, Metrics(1, 1));
  v1::Progress progress;
  ASSERT_TRUE(WaitUntil(run_, [&] { return hub_->GetProgress(run_, &progress) && progress.step() == 2; }));
  EXPECT_EQ(progress.loss(), 1.0);
  EXPECT_EQ(Get(run_).steps_done(), 3u) << "so many are stored";
}

// A watch placed state changes among the lines of the log by the clock, which may step back.
TEST_F(Intake_Test, StatesChangeThenEachEventKnowsHowLongTheLogWas) {
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, LogText("INFO", "first"))));
  pool_->Lose(kSlot);
  task_ = StartNext().task.task_id();
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  using Place = std::pair<v1::State, std::optional<uint64_t>>;
  std::vector<Place> places;
  for (const storage::Event& event : Events(run_)) places.emplace_back(event.change.state(), event.log_entries);
  // The log: first, that the worker was lost; of the next one a checkpoint and its end.
  EXPECT_THAT(places,
              ElementsAre(Place(v1::QUEUED, 0), Place(v1::STARTING, 0), Place(v1::RUNNING, 0), Place(v1::QUEUED, 2),
                          Place(v1::STARTING, 2), Place(v1::RUNNING, 2), Place(v1::SUCCEEDED, 4)));
}

TEST_F(Intake_Test, CheckpointIsLoggedAndReachesTheCatalog) {
  pool_->Send(kSlot, Metrics(0, 1));
  const uint64_t sequence = SendSet(worker::v1::WEIGHTS, 1, "weights1", 0.75);
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  const auto log = File(run_)->ListLog(0, 10);
  ASSERT_TRUE(log.ok());
  ASSERT_EQ(log->size(), 1u);
  EXPECT_EQ(log->front().checkpoint_step, 1u);
  EXPECT_EQ(File(run_)->GetTensorSet(storage::TensorSetKind::kWeights, 1)->heldout_loss, 0.75);
  EXPECT_TRUE(WaitUntil(run_, [&] { return Get(run_).heldout_loss() == 0.75; }));
  EXPECT_EQ(Get(run_).steps_done(), 1u);
}

// For seconds `runs show` called the loss of an older checkpoint that of the last one.
TEST_F(Intake_Test, CheckpointIsAcknowledgedThenTheRunShowsItsLossAndNoOlderOne) {
  pool_->Send(kSlot, Metrics(0, 1));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 1, "weights1", 0.75)));
  EXPECT_EQ(Get(run_).heldout_loss(), 0.75);
  pool_->Send(kSlot, Metrics(1, 1));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 2, "weights2", 0.5)));
  EXPECT_EQ(Get(run_).heldout_loss(), 0.5);
  pool_->Send(kSlot, Metrics(2, 1));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 3, "weights3")));
  EXPECT_FALSE(Get(run_).has_heldout_loss()) << "of the last checkpoint none is known";
}

// Live progress stood still while the catalog was locked.
TEST_F(Intake_Test, CatalogIsLockedThenTheStepMovesOnAndTheCheckpointIsNotAcknowledged) {
  const auto barrier = std::make_shared<Barrier>();  // lives as long as the hook
  catalog_.gate.Set([barrier] { return barrier->Enter(); });
  pool_->Send(kSlot, Metrics(0, 1));
  const uint64_t sequence = SendSet(worker::v1::WEIGHTS, 1, "weights1", 0.75);
  barrier->WaitUntilEntered();
  v1::Progress progress;
  EXPECT_TRUE(hub_->GetProgress(run_, &progress));
  EXPECT_EQ(progress.step(), 1u);
  EXPECT_LT(pool_->acknowledged(task_), sequence);
  barrier->Release();
  EXPECT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
}

TEST_F(Intake_Test, CatalogThatRefusesACheckpointThenATimeLaterItHasIt) {
  catalog_.gate.Fail(1, absl::UnavailableError("busy"));
  pool_->Send(kSlot, Metrics(0, 1));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 1, "weights1", 0.75)));
  clock_.Pass(absl::Seconds(10));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, Metrics(1, 1))));
  EXPECT_EQ(Get(run_).heldout_loss(), 0.75);
}

TEST_F(Intake_Test, LongLogLineIsCut) {
  const uint64_t sequence = pool_->Send(kSlot, LogText("ERROR", std::string(20'000, 'x')));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  const auto log = File(run_)->ListLog(0, 10);
  EXPECT_EQ(log->front().text.size(), limits::kMaxLogTextBytes);
  EXPECT_EQ(log->front().severity, "ERROR");
}

TEST_F(Intake_Test, RecomputedMetricsThatDifferAreReported) {
  const uint64_t sequence = pool_->Send(kSlot, Metrics(0, 2));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  pool_->Lose(kSlot);
  StartNext();
  pool_->Send(kSlot, Metrics(0, 1));
  pool_->Send(kSlot, Metrics(1, 1, 0.5));
  pool_->Send(kSlot, Timing(0, 2, 100));
  SendWholeTraining(2);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  EXPECT_THAT(LogTexts(run_), Contains(HasSubstr("WARNING RESUME_DIVERGED at step 1")));
}

// A training that was done became FAILED when somebody looked at its file with the sqlite3 shell.
TEST_F(Intake_Test, FileOpenInAnotherProgramIsASuccessAllTheSame) {
  SendWholeTraining();
  files_.seal_gate.Set([] { return absl::UnavailableError("database is locked"); });
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  EXPECT_EQ(File(run_)->GetRun()->state(), v1::SUCCEEDED);
}

TEST_F(Intake_Test, CatalogThatFailsForAWhileIsTriedAgain) {
  SendWholeTraining();
  catalog_.gate.Fail(3, absl::UnavailableError("busy"));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_TRUE(WaitForState(run_, v1::SUCCEEDED));
}

TEST_F(Intake_Test, WorkerThatBreaksTheProtocolFailsItsRunOnly) {
  pool_->Send(kSlot, Chunk("bytes of no set"));
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Create();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  for (uint32_t attempt = 2; attempt <= limits::kMaxAttempts; ++attempt) {
    EXPECT_EQ(StartNext().task.task_id(), GetJob(run_).id + "." + std::to_string(attempt));
    pool_->Send(kSlot, Chunk("bytes of no set"));
    pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  }
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "WORKER_PROTOCOL");
  StartNext();
}

TEST_F(Intake_Test, MessagesOfAnOldTaskAreIgnored) {
  pool_->Lose(kSlot);
  StartNext();
  Message late = Metrics(0, 3);
  late.set_task_id(task_);
  pool_->SendAsItIs(kSlot, late);
  const uint64_t sequence = pool_->Send(kSlot, Metrics(0, 2));
  ASSERT_TRUE(pool_->WaitForAcknowledged(GetJob(run_).id + ".2", sequence));
  EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 2u);
}

TEST_F(Intake_Test, LostWorkerIsReplacedThreeTimes) {
  for (uint32_t attempt = 1; attempt < limits::kMaxAttempts; ++attempt) {
    EXPECT_EQ(Get(run_).attempt(), attempt);
    pool_->Lose(kSlot, "HEARTBEAT_LOST");
    const FakeWorkerPool::Given given = StartNext();
    EXPECT_EQ(given.task.task_id(), GetJob(run_).id + "." + std::to_string(attempt + 1));
  }
  EXPECT_EQ(Get(run_).attempt(), limits::kMaxAttempts);
  pool_->Lose(kSlot);
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "WORKER_LOST");
  EXPECT_EQ(Get(run_).attempt(), limits::kMaxAttempts);

  // Resumed, it may lose as many again.
  ASSERT_EQ(manager_->runs().Resume(Ada(), {}, run_)->attempt(), limits::kMaxAttempts + 1);
  for (uint32_t i = 1; i < limits::kMaxAttempts; ++i) {
    StartNext();
    pool_->Lose(kSlot);
  }
  StartNext();
  EXPECT_EQ(Get(run_).attempt(), 2 * limits::kMaxAttempts);
}

TEST_F(Intake_Test, LostJobGoesBeforeThoseThatCameLater) {
  Create();
  pool_->Lose(kSlot);
  EXPECT_EQ(NextTask().task.task_id(), GetJob(run_).id + ".2");
}

TEST_F(Intake_Test, HalfSentTensorsOfALostWorkerAreDropped) {
  pool_->Send(kSlot, Metrics(0, 1));
  pool_->Send(kSlot, SetBegin(worker::v1::RESUME_STATE, 1));
  const uint64_t sequence = pool_->Send(kSlot, Chunk("1234"));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  pool_->Lose(kSlot);
  const FakeWorkerPool::Given given = NextTask();
  EXPECT_FALSE(given.task.has_tensors());
  EXPECT_EQ(*File(run_)->DiscardUnfinishedTensorSets(), 0);
}

TEST_F(Intake_Test, UnreadableResumeStateFailsTheRun) {
  pool_->Lose(kSlot, "TENSORS_UNREADABLE");
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "RUN_FILE_CORRUPT");
}

TEST_F(Intake_Test, RetryableFailureIsAnotherAttempt) {
  pool_->Finish(kSlot, Finished(worker::v1::Finished::FAILED, "LIBTORCH_ERROR", true));
  StartNext();
  EXPECT_EQ(Get(run_).attempt(), 2u);
}

}  // namespace
}  // namespace sumscope::jobs
