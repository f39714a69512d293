// Analyses: asked twice, computed once.
#include "server/jobs/analyses/analyses.h"

#include "proto/contract/names/resource_names.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/runs/runs.h"
#include "tests/server/jobs/jobs_fixture.h"

namespace sumscope::jobs {
namespace {

class Analyses_Test : public JobsFixture {
 protected:
  void SetUp() override {
    Boot();
    run_ = Trained();
  }
  v1::Analysis Question(const std::string& key) {
    v1::Analysis analysis;
    analysis.set_analysis("evaluate");
    analysis.set_checkpoint(CheckpointName(run_, 4));
    analysis.mutable_request()->mutable_evaluate()->set_worst_count(3);
    analysis.mutable_question_set()->mutable_uniform()->set_count(10);
    analysis.set_key(key);
    analysis.set_owner("ada");
    return analysis;
  }
  CreatedAnalysis Ask(const std::string& key, const Request& request = {}) {
    const auto created = manager_->analyses().Create(Ada(), request, run_, Question(key));
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : CreatedAnalysis();
  }
  void Answer(double loss) {
    Message result;
    result.mutable_analysis_result()->mutable_evaluate()->set_loss(loss);
    const uint64_t sequence = pool_->Send(kSlot, result);
    // A worker ends its task when its answer is durable.
    EXPECT_TRUE(pool_->WaitForAcknowledged(task_, sequence));
    pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  }
  FakeWorkerPool::Given StartAnalysis() {
    FakeWorkerPool::Given given = StartNext();
    task_ = given.task.task_id();
    return given;
  }
  std::string run_, task_;
};

TEST_F(Analyses_Test, AnswerIsStoredWithItsProvenance) {
  const auto created = Ask("k1");
  EXPECT_FALSE(created.from_cache);
  EXPECT_EQ(created.analysis.state(), v1::QUEUED);
  const FakeWorkerPool::Given given = StartAnalysis();
  EXPECT_EQ(given.task.analysis().step(), 4u);
  EXPECT_EQ(given.task.analysis().request().evaluate().worst_count(), 3u);
  EXPECT_EQ(given.task.analysis().question_set().uniform().count(), 10u);
  EXPECT_EQ(given.tensors.kind(), worker::v1::WEIGHTS);
  EXPECT_EQ(given.tensor_bytes, "weights!");

  Message half;
  half.mutable_analysis_progress()->set_fraction(0.5);
  pool_->Send(kSlot, half);
  ASSERT_TRUE(WaitUntil(run_, [&] { return hub_->AnalysisProgress(created.analysis.name()) == 0.5; }));
  Answer(0.125);
  const std::string id = Id(created.analysis.name());
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  const auto stored = File(run_)->GetAnalysis(id);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->state(), v1::SUCCEEDED);
  EXPECT_EQ(stored->result().evaluate().loss(), 0.125);
  EXPECT_EQ(stored->provenance().host(), "box");
  EXPECT_EQ(Get(run_).state(), v1::SUCCEEDED);  // the run itself is as it was
}

TEST_F(Analyses_Test, EqualQuestionIsAnsweredFromTheStore) {
  const auto first = Ask("k1");
  StartAnalysis();
  Answer(0.125);
  ASSERT_TRUE(WaitForAnalysis(run_, Id(first.analysis.name()), v1::SUCCEEDED));
  const auto second = Ask("k1");
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(second.analysis.name(), first.analysis.name());
  EXPECT_EQ(second.analysis.result().evaluate().loss(), 0.125);
  EXPECT_FALSE(Ask("k2").from_cache);
}

TEST_F(Analyses_Test, TwoEqualQuestionsInFlightShareOneJob) {
  const auto first = Ask("k1");
  const auto second = Ask("k1");
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(second.analysis.name(), first.analysis.name());
  StartAnalysis();
  Answer(0.125);
  ASSERT_TRUE(WaitForAnalysis(run_, Id(first.analysis.name()), v1::SUCCEEDED));
  EXPECT_EQ(pool_->tasks_given(), 2u);  // the training and one analysis
}

TEST_F(Analyses_Test, FailedAnswerIsAskedAnew) {
  const auto first = Ask("k1");
  StartAnalysis();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::FAILED, "QUESTION_INVALID"));
  ASSERT_TRUE(WaitForAnalysis(run_, Id(first.analysis.name()), v1::FAILED));
  const auto second = Ask("k1");
  EXPECT_FALSE(second.from_cache);
  EXPECT_NE(second.analysis.name(), first.analysis.name());
}

TEST_F(Analyses_Test, DoneWithoutAResultIsAFailure) {
  const auto first = Ask("k1");
  StartAnalysis();
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  ASSERT_TRUE(WaitForAnalysis(run_, Id(first.analysis.name()), v1::FAILED));
}

TEST_F(Analyses_Test, SameRequestGivesTheSameAnalysis) {
  const Request request = {"6f1a", "digest"};
  const auto first = Ask("k1", request);
  const auto second = Ask("k1", request);
  EXPECT_EQ(second.analysis.name(), first.analysis.name());
  EXPECT_FALSE(second.from_cache);
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {"6f1a", "other"}, run_, Question("k2")).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(Analyses_Test, DeletedRunTakesNoQuestion) {
  ASSERT_TRUE(manager_->runs().Delete(Ada(), run_).ok());
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {}, run_, Question("k1")).status()), "RUN_DELETED");
}

TEST_F(Analyses_Test, RunningAnalysisIsCancelled) {
  const std::string id = Id(Ask("k1").analysis.name());
  const FakeWorkerPool::Given given = StartAnalysis();
  EXPECT_EQ(manager_->analyses().Cancel(Ada(), run_, id)->state(), v1::CANCELLING);
  ASSERT_TRUE(pool_->WaitForCancel(given.task.task_id()));
  // Equal questions while one was being cancelled became a job each.
  const auto anew = Ask("k1");
  EXPECT_FALSE(anew.from_cache);  // nobody will get the cancelled one's answer
  for (int i = 0; i < 2; ++i) {
    const auto again = Ask("k1");
    EXPECT_TRUE(again.from_cache);
    EXPECT_EQ(again.analysis.name(), anew.analysis.name());
  }
  pool_->Finish(kSlot, Finished(worker::v1::Finished::CANCELLED));
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::CANCELLED));
  EXPECT_EQ(ErrorReason(manager_->analyses().Cancel(Ada(), run_, id).status()), "ANALYSIS_ENDED");
  EXPECT_EQ(File(run_)->GetAnalysis(id)->state(), v1::CANCELLED);
}

// What had been cancelled answered DATA_LOSS, because its file was opened once more to show it.
TEST_F(Analyses_Test, FileIsDamagedThenItsAnalysisIsCancelledAndTheAnswerSaysSo) {
  Create();
  StartNext();  // the slot is taken
  const std::string id = Id(Ask("k1").analysis.name());
  files_.open_gate.Set([] { return MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "a bit flipped"); });
  const auto cancelled = manager_->analyses().Cancel(Ada(), run_, id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::CANCELLED);
}

TEST_F(Analyses_Test, LostWorkerIsAnotherAttempt) {
  Ask("k1");
  const std::string first = StartAnalysis().task.task_id();
  pool_->Lose(kSlot);
  EXPECT_NE(StartAnalysis().task.task_id(), first);
}

TEST_F(Analyses_Test, UnfinishedAnalysisGoesOnAfterACrash) {
  const std::string id = Id(Ask("k1").analysis.name());
  StartAnalysis();
  Boot();
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::QUEUED);
  pool_->Idle(kSlot);
  StartAnalysis();
  Answer(0.5);
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

TEST_F(Analyses_Test, CatalogFollowsAnAnswerInTheFile) {
  const std::string id = Id(Ask("k1").analysis.name());
  StartAnalysis();
  catalog_.gate.Set([] { return absl::UnavailableError("the server dies here"); });
  Answer(0.5);
  ASSERT_TRUE(WaitUntil(run_, [&] { return File(run_)->GetAnalysis(id)->state() == v1::SUCCEEDED; }));
  Crash();
  catalog_.gate.Open();
  Boot();
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::SUCCEEDED);
  EXPECT_TRUE(Ask("k1").from_cache);
}

}  // namespace
}  // namespace sumscope::jobs
