// Storage that refuses for now makes a job wait, that job alone, and says so; it ends nothing.
#include <filesystem>
#include <future>

#include "absl/strings/match.h"
#include "server/jobs/analyses/analyses.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/analysis_fixture.h"
#include "tests/server/jobs/barrier.h"
#include "tests/support/temp_directory.h"

namespace sumscope::jobs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

absl::Status DiskFull() { return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL", "no space left"); }
absl::Status Busy() { return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY", "database is locked"); }

class StorageWait_Test : public JobsFixture {
 protected:
  void SetUp() override {
    Boot();
    run_ = Id(Create().name());
    pool_->Idle(kSlot);
    task_ = StartNext().task.task_id();
    kept_ = pool_->Send(kSlot, Metrics(0, 1));
    ASSERT_TRUE(pool_->WaitForAcknowledged(task_, kept_));
  }
  void RefuseFile(absl::Status why) {
    files_.gate.Set([why] { return why; });
  }
  bool WaitForReason(const std::string& reason) {
    return WaitUntil(run_, [&] { return Get(run_).state_reason() == reason; });
  }
  std::string run_, task_;
  uint64_t kept_ = 0;
};

// A full disk ended every running training for good.
TEST_F(StorageWait_Test, DiskIsFullThenTheTrainingWaitsSaysSoAndGoesOn) {
  RefuseFile(DiskFull());
  const uint64_t sequence = pool_->Send(kSlot, Metrics(1, 3));
  ASSERT_TRUE(WaitForReason("DISK_FULL"));
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
  EXPECT_THAT(Get(run_).state_detail(), HasSubstr("no space left"));
  ASSERT_THAT(manager_->StorageWaits(), SizeIs(1));
  EXPECT_EQ(manager_->StorageWaits()[0].slot, kSlot);
  EXPECT_EQ(manager_->StorageWaits()[0].run, run_);
  EXPECT_EQ(pool_->acknowledged(task_), kept_);

  files_.gate.Open();
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
  EXPECT_THAT(manager_->StorageWaits(), IsEmpty());
  EXPECT_EQ(Get(run_).state_reason(), "");
  EXPECT_THAT(LogTexts(run_), Contains(HasSubstr("WARNING went on after")));
  SendSet(worker::v1::WEIGHTS, 4);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  EXPECT_EQ(Get(run_).attempt(), 1u);
  EXPECT_EQ(Get(run_).segment(), 1u);
}

// A training that had computed everything was FAILED because its last write found the disk full, or its file in use.
TEST_F(StorageWait_Test, FileIsBusyAtTheEndThenTheSuccessWaits) {
  pool_->Send(kSlot, Metrics(1, 3));
  ASSERT_TRUE(pool_->WaitForAcknowledged(task_, SendSet(worker::v1::WEIGHTS, 4)));
  RefuseFile(Busy());
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForReason("STORAGE_BUSY"));
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
  files_.gate.Open();
  EXPECT_TRUE(WaitForState(run_, v1::SUCCEEDED));
  EXPECT_EQ(Get(run_).state_reason(), "");
}

TEST_F(StorageWait_Test, CatalogIsFullTooThenTheServerSaysItAllTheSame) {
  catalog_.gate.Set([] { return DiskFull(); });
  RefuseFile(DiskFull());
  pool_->Send(kSlot, Metrics(1, 1));
  ASSERT_TRUE(WaitUntil(run_, [&] { return !manager_->StorageWaits().empty(); }));
  EXPECT_EQ(manager_->StorageWaits()[0].reason, "DISK_FULL");
  catalog_.gate.Open();
}

TEST_F(StorageWait_Test, RunIsCancelledThenItWaitsNoLonger) {
  RefuseFile(DiskFull());
  pool_->Send(kSlot, Metrics(1, 1));
  ASSERT_TRUE(WaitForReason("DISK_FULL"));
  ASSERT_EQ(manager_->runs().Cancel(Ada(), run_)->state(), v1::CANCELLING);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  EXPECT_TRUE(WaitForState(run_, v1::CANCELLED)) << "while the disk is full";
}

TEST_F(StorageWait_Test, HoursPassThenTheJobGoesBackToTheQueue) {
  RefuseFile(DiskFull());
  pool_->Send(kSlot, Metrics(1, 1));
  ASSERT_TRUE(WaitForReason("DISK_FULL"));
  clock_.Pass(limits::kStorageWait);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  files_.gate.Open();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  StartNext();
  EXPECT_EQ(Get(run_).attempt(), 1u) << "nobody's failure";
  SendWholeTraining();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_TRUE(WaitForState(run_, v1::SUCCEEDED));
}

TEST_F(StorageWait_Test, ServerDrainsThenTheJobIsQueuedAndNoAttemptIsLost) {
  RefuseFile(DiskFull());
  pool_->Send(kSlot, Metrics(1, 1));
  ASSERT_TRUE(WaitForReason("DISK_FULL"));
  auto drained = std::async(std::launch::async, [&] { manager_->Drain(absl::Minutes(10)); });
  ASSERT_TRUE(pool_->WaitForStop(task_));
  clock_.Pass(absl::Seconds(6));
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  drained.get();
  EXPECT_EQ(Get(run_).state(), v1::QUEUED);
  EXPECT_EQ(Get(run_).attempt(), 1u);
}

// An error that nobody has a name for is tried for a minute.
TEST_F(StorageWait_Test, ErrorIsUnknownAndStaysThenTheRunFails) {
  RefuseFile(absl::InternalError("what is this"));
  pool_->Send(kSlot, Metrics(1, 1));
  ASSERT_TRUE(WaitForReason("STORAGE_ERROR"));
  clock_.Pass(absl::Minutes(1));
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  EXPECT_TRUE(WaitForState(run_, v1::FAILED));
}

// The file of one queued job was locked from outside: the whole queue waited for it.
TEST_F(StorageWait_Test, FileOfOneQueuedJobIsLockedThenOthersStart) {
  files_.OnOpen([run = run_](const std::string& opened) { return opened == run ? Busy() : absl::OkStatus(); });
  pool_->Lose(kSlot);  // it is the first in the queue again
  const std::string other = Id(Create().name());
  EXPECT_EQ(StartNext().task.task_id(), GetJob(other).id + ".1");
  ASSERT_TRUE(WaitForReason("STORAGE_BUSY"));
  pool_->Finish(kSlot, Finished(worker::v1::Finished::FAILED));
  files_.OnOpen(nullptr);
  EXPECT_EQ(StartNext().task.task_id(), GetJob(run_).id + ".2");
  EXPECT_EQ(Get(run_).attempt(), 2u);
}

TEST_F(StorageWait_Test, JobWhoseFileIsLockedIsCancelledThenItLeavesTheQueue) {
  files_.OnOpen([](const std::string&) { return Busy(); });
  pool_->Lose(kSlot);
  ASSERT_TRUE(WaitForReason("STORAGE_BUSY"));
  EXPECT_EQ(manager_->runs().Cancel(Ada(), run_)->state(), v1::CANCELLED);
}

// One thread gave all jobs to all slots, and a file that took long to open stopped it.
TEST_F(StorageWait_Test, FileOfOneJobTakesLongThenOtherSlotsGetTheirJobs) {
  const auto barrier = std::make_shared<Barrier>();  // lives as long as the hook
  files_.OnOpen(
      [barrier, run = run_](const std::string& opened) { return opened == run ? barrier->Enter() : absl::OkStatus(); });
  pool_->Lose(kSlot);
  barrier->WaitUntilEntered();
  const std::string other = Id(Create().name());
  pool_->Idle("cpu1");
  EXPECT_EQ(NextTask().task.task_id(), GetJob(other).id + ".1");
  barrier->Release();
  EXPECT_EQ(NextTask().task.task_id(), GetJob(run_).id + ".2");
}

// With analyses it was one lock for all runs.
class SlowRun_Test : public AnalysisFixture {};

TEST_F(SlowRun_Test, FileOfOneRunTakesLongThenAnalysesOfOthersAreMade) {
  const std::string other = run_;
  run_ = Trained();
  const auto barrier = std::make_shared<Barrier>();
  files_.OnOpen(
      [barrier, run = run_](const std::string& opened) { return opened == run ? barrier->Enter() : absl::OkStatus(); });
  auto slow = std::async(std::launch::async, [&] {
    return manager_->analyses().Create(Ada(), {}, run_, Question(UsefulNodes())).status();
  });
  barrier->WaitUntilEntered();
  EXPECT_TRUE(manager_->analyses().Create(Ada(), {}, other, Question(UsefulNodes(), "k2")).ok());
  EXPECT_TRUE(manager_->runs().Update(Ada(), other, {false, {{"purpose", "test"}}, {}}).ok());
  barrier->Release();
  EXPECT_TRUE(slow.get().ok());
}

// Each of its jobs met the lock for itself: a dozen of them held every slot for a minute, twenty-six for ever.
TEST_F(SlowRun_Test, FileOfARunWithManyJobsIsLockedThenOneMeetsItAndOthersStart) {
  Create();
  StartNext();  // the slot is taken until all wait
  for (int i = 0; i < 12; ++i) Ask(Question(UsefulNodes(), absl::StrCat("k", i)));
  const auto opens = std::make_shared<std::atomic<int>>(0);
  files_.OnOpen([opens, run = run_](const std::string& opened) {
    if (opened != run) return absl::OkStatus();
    ++*opens;
    return Busy();
  });
  const std::string other = Id(Create().name());
  Finish(worker::v1::Finished::FAILED);
  EXPECT_EQ(StartNext().task.task_id(), GetJob(other).id + ".1");
  EXPECT_EQ(*opens, 1);
  files_.OnOpen(nullptr);
  Finish(worker::v1::Finished::FAILED);
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(StartAnalysis().task.has_analysis());
    Finish(worker::v1::Finished::FAILED);
  }
}

// An analysis held its slot for six hours while its file was locked for writing; as many as there are slots, the
// server.
TEST_F(SlowRun_Test, FileOfAnAnalysisIsLockedForWritingThenItGoesBackAndIsGivenOnceItCanBeWritten) {
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  files_.OnWrite([run = run_](const std::string& written) { return written == run ? Busy() : absl::OkStatus(); });
  Message answer;
  *answer.mutable_analysis_result() = UsefulNodesResult();
  pool_->Send(kSlot, answer);
  ASSERT_TRUE(WaitUntil(run_, [&] { return GetAnalysis(run_, id).state_reason() == "STORAGE_BUSY"; }));
  clock_.Pass(absl::Minutes(5));
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  const std::string other = Id(Create().name());
  const size_t given = pool_->tasks_given();
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitUntil(run_, [&] { return GetAnalysis(run_, id).state() == v1::QUEUED; }));
  EXPECT_EQ(StartNext().task.task_id(), GetJob(other).id + ".1");
  EXPECT_EQ(pool_->tasks_given(), given + 1) << "what cannot be stored is not computed again";
  Finish(worker::v1::Finished::FAILED);
  files_.OnWrite(nullptr);
  StartAnalysis();
  Answer(UsefulNodesResult());
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

// On a full disk nothing could be cancelled or deleted, though that is what would have freed it.
class FullDisk_Test : public AnalysisFixture {
 protected:
  void SetUp() override {
    reserve_ = &file_;
    housekeeping_look_ = absl::Hours(1);  // the test fills it again
    AnalysisFixture::SetUp();
  }
  void FillDisk() {
    file_.Fill();
    ASSERT_TRUE(IsWhole());
    catalog_.gate.Set([this] { return IsWhole() ? DiskFull() : absl::OkStatus(); });
    files_.gate.Set([] { return DiskFull(); });
  }
  bool IsWhole() const {
    std::error_code none;
    return std::filesystem::file_size(path_, none) == kBytes;
  }
  static constexpr uint64_t kBytes = 1 << 20;
  const TempDirectory directory_;
  const std::string path_ = directory_.path() + "/reserve";
  storage::DiskReserve file_{path_, kBytes, storage::Env::Real()};
};

TEST_F(FullDisk_Test, RunsAndAnalysesAreCancelledAndDeleted) {
  const std::string queued = Id(Create().name());
  const std::string running = Id(Create().name());
  const std::string analysis = Ask(Question(UsefulNodes()));
  EXPECT_EQ(StartNext().task.task_id(), GetJob(queued).id + ".1");
  FillDisk();
  EXPECT_EQ(manager_->runs().Cancel(Ada(), queued)->state(), v1::CANCELLING);  // it runs
  FillDisk();
  EXPECT_EQ(manager_->runs().Cancel(Ada(), running)->state(), v1::CANCELLED);  // it waits
  FillDisk();
  EXPECT_EQ(manager_->analyses().Cancel(Ada(), run_, analysis)->state(), v1::CANCELLED);
  FillDisk();
  EXPECT_TRUE(manager_->analyses().Delete(Ada(), run_, analysis).ok());
  EXPECT_FALSE(Knows(analysis));
  FillDisk();
  EXPECT_TRUE(manager_->runs().Delete(Ada(), run_)->has_delete_time());
}

TEST_F(FullDisk_Test, OthersDoNotUseTheReserve) {
  FillDisk();
  EXPECT_EQ(ErrorReason(manager_->runs().Create(Ada(), {}, "", Spec(), {}).status()), "DISK_FULL");
  EXPECT_TRUE(IsWhole());
}

// Two met the full disk at once: one gave the reserve back, the other found none and did not try again.
TEST_F(FullDisk_Test, ReserveIsGivenBackAlreadyThenItIsTriedAgainAllTheSame) {
  const std::string queued = Id(Create().name());
  std::filesystem::remove(path_);
  catalog_.gate.Fail(1, DiskFull());
  EXPECT_TRUE(manager_->runs().Delete(Ada(), run_).ok());
  EXPECT_TRUE(manager_->runs().Cancel(Ada(), queued).ok());
}

// What was given back for cancelling and deleting, trainings that waited for room ate first.
TEST_F(FullDisk_Test, OnlyWhatTheReserveGaveBackIsFreeThenTrainingsWaitOn) {
  Create();
  task_ = StartNext().task.task_id();
  std::filesystem::remove(path_);
  free_disk_ = kBytes;
  const auto tries = std::make_shared<std::atomic<int>>(0);
  files_.gate.Set([tries] {
    ++*tries;
    return DiskFull();
  });
  pool_->Send(kSlot, Metrics(0, 1));
  ASSERT_TRUE(WaitUntil(run_, [&] { return !manager_->StorageWaits().empty(); }));
  // It said "less than 8 MiB left" as long as there were less than 16, which is what the reserve lacked.
  ASSERT_TRUE(WaitUntil(run_, [&] {
    const std::vector<StorageWait> waits = manager_->StorageWaits();
    return !waits.empty() && absl::StrContains(waits[0].detail, "when its file system has more than 1024 KiB free");
  }));
  clock_.Pass(limits::kStorageWait);
  ASSERT_TRUE(pool_->WaitForCancel(task_));
  EXPECT_EQ(*tries, 1);
}

}  // namespace
}  // namespace sumscope::jobs
