// The server dies at every point; the next one goes on.
#include <SQLiteCpp/Database.h>

#include <thread>

#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/analysis_fixture.h"
#include "tests/support/temp_directory.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

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
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), run_).ok());
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
  clock_.Jump(absl::Hours(1));
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("SUCCEEDED")));
  EXPECT_EQ(Get(run_).state(), v1::SUCCEEDED);
  // When it ended, not when that was found out.
  EXPECT_EQ(Get(run_).end_time().seconds(), File(run_)->GetRun()->end_time().seconds());
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
  ASSERT_TRUE(manager_->runs().Resume(Ada(), {}, run_).ok());
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

// A file that another program held at the start kept the server from starting.
TEST_F(Recovery_Test, BusyFileWaitsAndTheStartGoesOn) {
  StartRun();
  const std::string other = Id(Create().name());
  Crash();
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY", "in use"); });
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("runs/" + run_)));
  EXPECT_EQ(Get(run_).state(), v1::RUNNING);
  files_.open_gate.Open();
  ASSERT_TRUE(WaitForState(run_, v1::QUEUED));
  EXPECT_EQ(Get(run_).attempt(), 2u);
  pool_->Idle(kSlot);
  pool_->Idle("cpu1");
  // What waited for its file may come after the others.
  const std::vector<std::string> given = {NextTask().task.task_id(), NextTask().task.task_id()};
  EXPECT_THAT(given, UnorderedElementsAre(GetJob(run_).id + ".2", GetJob(other).id + ".1"));
}

TEST_F(Recovery_Test, BusyFileOfACancelledRunIsCancelledWhenItIsFree) {
  StartRun();
  Crash();
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY", "in use"); });
  Boot();
  ASSERT_TRUE(manager_->runs().Cancel(Ada(), run_).ok());
  files_.open_gate.Open();
  EXPECT_TRUE(WaitForState(run_, v1::CANCELLED));
}

class BusyStart_Test : public AnalysisFixture {
 protected:
  void SetUp() override {
    AnalysisFixture::SetUp();
    for (const char* key : {"k1", "k2", "k3"}) Ask(Question(UsefulNodes(), key));
    StartAnalysis();
    Crash();
    housekeeping_look_ = absl::Hours(1);
    files_.open_gate.Set([this] {
      ++opens_;
      return MakeError(absl::StatusCode::kUnavailable, "STORAGE_BUSY", "in use");
    });
  }
  std::atomic<int> opens_{0};
};

// A locked file with a hundred analyses waiting for it was waited for a hundred times before the server listened.
TEST_F(BusyStart_Test, FileOfManyJobsIsBusyThenItIsMetOnceAndEachIsNamed) {
  EXPECT_THAT(Boot(), SizeIs(3));
  EXPECT_EQ(opens_, 1);
}

// SIGTERM was not looked at before all files had been waited for.
TEST_F(BusyStart_Test, ServerIsToldToEndThenNoFileIsWaitedForAndTheNextStartGoesOn) {
  told_to_end_ = true;
  Boot();
  EXPECT_EQ(opens_, 0);
  told_to_end_ = false;
  files_.open_gate.Open();
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("attempt 2")));
}

// A run whose file was lost between two attempts began anew, as if it had never trained.
TEST_F(Recovery_Test, RunThatLostItsFileFailsAndSaysSo) {
  StartRun();
  Crash();
  ASSERT_TRUE(storage_.run_files->Remove(run_).ok());
  Boot();
  pool_->Idle(kSlot);
  ASSERT_TRUE(WaitForState(run_, v1::FAILED));
  EXPECT_EQ(Get(run_).state_reason(), "RUN_FILE_NOT_FOUND");
}

// Storage on disk, so that rows can be damaged from outside.
class DamagedQueue_Test : public testing::Test {
 protected:
  // Starts a server on the folder; what it says of its recovery.
  std::vector<std::string> Boot() {
    manager_.reset();
    storage_ = {};
    storage_ = *storage::OpenSqliteStorage(folder_.path(), IsLegalTransition, Clock::Real());
    hub_ = std::make_unique<EventHub>();
    pool_ = std::make_unique<FakeWorkerPool>();
    manager_ = JobManager::Create(
        {}, {storage_.catalog.get(), storage_.run_files.get(), storage_.captures.get(),
             storage_.question_set_texts.get(), pool_.get(), hub_.get(), Clock::Real(), IdSource::Real()});
    const auto repairs = manager_->Recover();
    EXPECT_TRUE(repairs.ok()) << repairs.status();
    EXPECT_TRUE(manager_->Start().ok());
    return repairs.ok() ? *repairs : std::vector<std::string>();
  }
  std::string Create(const std::string& id) {
    v1::TrainSpec spec;
    spec.set_n_digits(2);
    spec.set_steps(4);
    return manager_->runs().Create(Ada(), {}, id, CompleteSpec(spec), {})->job();
  }
  void Damage(const std::string& sql) {
    manager_.reset();
    storage_ = {};
    SQLite::Database database(folder_.path() + "/catalog.db", SQLite::OPEN_READWRITE);
    database.exec("PRAGMA foreign_keys=OFF; " + sql);
  }
  v1::State StateOf(const std::string& run) {
    v1::State state = v1::STATE_UNSPECIFIED;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto row = reader.runs().Get(storage::Viewer::Server(), run);
      if (row.ok()) state = row->state();
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return state;
  }

  const TempDirectory folder_;
  storage::Storage storage_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<FakeWorkerPool> pool_;
  std::unique_ptr<JobManager> manager_;
};

// A job in a state that nobody knows kept the server from starting, and no message named it.
TEST_F(DamagedQueue_Test, JobInAnUnknownStateIsEndedAndTheStartGoesOn) {
  Boot();
  const std::string job = Create("r1");
  Create("r2");
  Damage("UPDATE jobs SET state = 'WALKING' WHERE run = 'r1'");
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr(job)));
  EXPECT_EQ(StateOf("r1"), v1::FAILED);
  EXPECT_EQ(StateOf("r2"), v1::QUEUED);
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_TRUE(manager_->runs().Resume(Ada(), {}, "r1").ok());
}

TEST_F(DamagedQueue_Test, JobWithoutItsRunIsNamedAndTheStartGoesOn) {
  Boot();
  const std::string job = Create("r1");
  Create("r2");
  Damage("DELETE FROM runs WHERE id = 'r1'");
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr(job)));
  EXPECT_EQ(StateOf("r2"), v1::QUEUED);
  pool_->Idle("cpu0");
  FakeWorkerPool::Given given;
  ASSERT_TRUE(pool_->WaitForTask(&given));
  EXPECT_EQ(given.task.train().spec().steps(), 4u) << "the next in line";
}

TEST_F(DamagedQueue_Test, RunThatCannotBeReadIsNamedAndTheStartGoesOn) {
  Boot();
  Create("r1");
  Create("r2");
  Damage("UPDATE runs SET spec = 'no JSON' WHERE id = 'r1'");
  EXPECT_THAT(Boot(), ElementsAre(HasSubstr("runs/r1")));
  EXPECT_EQ(StateOf("r2"), v1::QUEUED);
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
  const auto refused = manager_->runs().Create(Ada(), {}, "", Spec(), {});
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
