// A run's file is removed, moved away or exchanged for its backup under the task that writes it.
#include <filesystem>

#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/analysis_fixture.h"
#include "tests/support/temp_directory.h"

namespace sumscope::jobs {
namespace {

namespace fs = std::filesystem;

class OnDisk {
 protected:
  const TempDirectory folder_;
};

// A training of four steps; the backup has two of them and the state to go on from.
class RestoredRun_Test : protected OnDisk, public AnalysisFixture {
 protected:
  RestoredRun_Test() : AnalysisFixture(*storage::OpenSqliteStorage(folder_.path(), IsLegalTransition, Clock::Real())) {}
  void SetUp() override {
    Boot();
    run_ = Id(Create("r1").name());
    pool_->Idle(kSlot);
    task_ = StartNext().task.task_id();
    Take(Metrics(0, 2));
    EXPECT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::RESUME_STATE, 2)));
    EXPECT_TRUE(File(run_)->Seal().ok());  // the copy is whole
    fs::copy_file(path_, backup_);
    Take(Metrics(2, 1));
  }
  void Take(const Message& message) { EXPECT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, message))); }
  void TakeRest() {
    Take(Metrics(3, 1));
    EXPECT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 4)));
  }
  void Restore() {
    fs::remove(path_);
    fs::copy_file(backup_, path_);
  }
  // The server ends the task for `reason`.
  void ExpectFailure(const std::string& reason) {
    ASSERT_TRUE(pool_->WaitForCancel(task_));
    pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
    ASSERT_TRUE(WaitForState(run_, v1::FAILED));
    EXPECT_EQ(Get(run_).state_reason(), reason);
  }
  void ExpectItGoesOnFromTheBackup() {
    EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 2u);
    ASSERT_TRUE(manager_->runs().Resume(Ada(), {}, run_).ok());
    EXPECT_EQ(StartNext().task.train().first_step(), 2u);
    SendWholeTraining(2);
    pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
    ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
    EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 4u);
  }

  const std::string path_ = folder_.path() + "/runs/r1/r1.db", backup_ = folder_.path() + "/backup.db";
};

// It went on writing what nobody would find, and at its end SUCCEEDED with a damaged file.
TEST_F(RestoredRun_Test, BackupIsRestoredThenTheTrainingFailsAndAResumeGoesOnFromIt) {
  Restore();
  pool_->Send(kSlot, Metrics(3, 1));
  ExpectFailure("RUN_FILE_REPLACED");
  EXPECT_EQ(Get(run_).steps_done(), 2u) << "those that are there";
  EXPECT_EQ(File(run_)->GetRun()->state(), v1::FAILED);
  EXPECT_FALSE(fs::exists(path_ + "-wal"));
  ExpectItGoesOnFromTheBackup();
}

TEST_F(RestoredRun_Test, SomebodyLooksAtTheBackupFirstThenTheTrainingFailsAllTheSame) {
  Restore();
  EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 2u);
  pool_->Send(kSlot, Metrics(3, 1));
  ExpectFailure("RUN_FILE_REPLACED");
}

TEST_F(RestoredRun_Test, BackupIsRestoredBeforeTheEndThenTheTrainingFails) {
  TakeRest();
  Restore();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "RUN_FILE_REPLACED");
  EXPECT_EQ(Get(run_).steps_done(), 2u);
  ExpectItGoesOnFromTheBackup();
}

TEST_F(RestoredRun_Test, BackupIsRestoredJustBeforeItIsSealedThenTheTrainingFails) {
  TakeRest();
  files_.seal_gate.Set([this] { return Restore(), absl::OkStatus(); });
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "RUN_FILE_REPLACED");
  files_.seal_gate.Open();
  ExpectItGoesOnFromTheBackup();
}

// One look at the run while its file was away ended its training.
TEST_F(RestoredRun_Test, FileIsMovedAwayAndBackThenTheTrainingGoesOn) {
  fs::rename(path_, path_ + ".aside");
  EXPECT_EQ(ErrorReason(storage_.run_files->Open(run_).status()), "RUN_FILE_NOT_FOUND");
  const uint64_t sequence = pool_->Send(kSlot, Metrics(3, 1));
  ASSERT_TRUE(WaitUntil(run_, [&] { return Get(run_).state_reason() == "RUN_FILE_NOT_FOUND"; }));
  fs::rename(path_ + ".aside", path_);
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  EXPECT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 4)));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  EXPECT_EQ(*File(run_)->MetricSteps(storage::Series::kDeterministic), 4u);
}

// A training at which nobody looked went on to its end without a file.
TEST_F(RestoredRun_Test, FileStaysAwayThenTheTrainingFailsAfterAMinute) {
  fs::remove(path_);
  pool_->Send(kSlot, Metrics(3, 1));
  ASSERT_TRUE(WaitUntil(run_, [&] { return Get(run_).state_reason() == "RUN_FILE_NOT_FOUND"; }));
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
  clock_.Pass(absl::Minutes(1));
  ExpectFailure("RUN_FILE_NOT_FOUND");
  fs::copy_file(backup_, path_);
  ExpectItGoesOnFromTheBackup();
}

TEST_F(RestoredRun_Test, FileOfAnAnalysisIsReplacedThenItsAnswerIsOfNoFileThereIs) {
  TakeRest();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  EXPECT_TRUE(File(run_)->Seal().ok());  // the copy is whole
  fs::copy_file(path_, path_ + ".copy");
  fs::rename(path_ + ".copy", path_);
  Message answer;
  *answer.mutable_analysis_result() = UsefulNodesResult();
  pool_->Send(kSlot, answer);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_EQ(GetAnalysis(run_, id).state_reason(), "RUN_FILE_REPLACED");
  EXPECT_EQ(File(run_)->GetAnalysis(id)->state(), v1::FAILED);
}

}  // namespace
}  // namespace sumscope::jobs
