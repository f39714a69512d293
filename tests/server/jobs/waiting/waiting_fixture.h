#ifndef SUMSCOPE_TESTS_SERVER_JOBS_WAITING_WAITING_FIXTURE_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_WAITING_WAITING_FIXTURE_H_

#include <string>
#include <vector>

#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/analyses/analyses.h"
#include "server/jobs/sweeps/sweeps.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {

// Runs and analyses that wait for runs.
class WaitingFixture : public JobsFixture {
 protected:
  using JobsFixture::JobsFixture;
  void SetUp() override { Boot(); }

  absl::StatusOr<v1::Run> TryAfter(const std::vector<std::string>& after, const std::string& id = "") {
    NewRun run;
    run.id = id;
    run.spec = Spec();
    run.after = after;
    return manager_->runs().Create(Ada(), {}, run);
  }
  // The id of a run that waits for these.
  std::string After(const std::vector<std::string>& after) {
    const absl::StatusOr<v1::Run> run = TryAfter(after);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? Id(run->name()) : "";
  }
  // The id of one that nobody but its owner sees.
  std::string Private() {
    NewRun run;
    run.spec = Spec();
    run.visibility = v1::PRIVATE;
    const absl::StatusOr<v1::Run> made = manager_->runs().Create(Ada(), {}, run);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? Id(made->name()) : "";
  }
  std::string RunOf(const FakeWorkerPool::Given& given) {
    const std::string job = given.task.task_id().substr(0, given.task.task_id().find('.'));
    std::string run;
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      const auto row = reader.jobs().Get(storage::Viewer::Server(), job);
      if (row.ok()) run = row->run;
      return row.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return run;
  }
  // The next training, which has to be that of `run`, succeeds.
  void Train(const std::string& run) {
    pool_->Idle(kSlot);
    EXPECT_EQ(RunOf(StartNext()), run);
    SendWholeTraining();
    pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
    EXPECT_TRUE(WaitForState(run, v1::SUCCEEDED));
  }
  // The same fails. Its slot takes nothing else before it is idle again.
  void FailTraining(const std::string& run) {
    pool_->Idle(kSlot);
    EXPECT_EQ(RunOf(StartNext()), run);
    Fail(kSlot);
    EXPECT_TRUE(WaitForState(run, v1::FAILED));
  }
  void Fail(const std::string& slot) {
    Message failed;
    *failed.mutable_finished() = Finished(worker::v1::Finished::FAILED, "LOSS_NOT_FINITE");
    pool_->Send(slot, failed);
  }
  // Lets no write into the catalog once the run has ended there: what follows from its end is not written.
  void DieAfterTheEndOf(const std::string& run) {
    catalog_.gate.Set([this, run] {
      return IsTerminal(Get(run).state()) ? absl::UnavailableError("the server dies here") : absl::OkStatus();
    });
  }
  void BootAgain() {
    Crash();
    catalog_.gate.Open();
    files_.gate.Open();
    Boot();
  }

  static NewAnalysis Evaluate(uint32_t worst = 3) {
    NewAnalysis asked;
    asked.analysis.set_analysis("evaluate");
    asked.analysis.mutable_request()->mutable_evaluate()->set_worst_count(worst);
    asked.analysis.mutable_question_set()->mutable_uniform()->set_count(10);
    asked.analysis.mutable_question_set()->set_sha256("q10");
    asked.analysis.set_owner("ada");
    return asked;
  }
  absl::StatusOr<CreatedAnalysis> TryOrder(const std::string& run, uint32_t worst = 3, const Request& request = {}) {
    return manager_->analyses().Create(Ada(), request, run, Evaluate(worst));
  }
  // The id of an analysis of the run's last checkpoint.
  std::string Order(const std::string& run, uint32_t worst = 3) {
    const auto created = TryOrder(run, worst);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? IdOf(created->analysis.name()) : "";
  }
  // Its worker answers the next task, an analysis.
  worker::v1::AnalysisTask AnswerNext() {
    const FakeWorkerPool::Given given = StartNext();
    Message result;
    result.mutable_analysis_result()->mutable_evaluate()->set_loss(0.125);
    EXPECT_TRUE(pool_->WaitForAcknowledged(given.task.task_id(), pool_->Send(given.slot, result)));
    pool_->Finish(given.slot, Finished(worker::v1::Finished::DONE));
    return given.task.analysis();
  }
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_WAITING_WAITING_FIXTURE_H_
