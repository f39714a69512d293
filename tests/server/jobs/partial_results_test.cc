// What an evaluation has counted so far: kept as it comes, given to the next attempt, gone at the end.
#include "server/jobs/job_manager.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::jobs {
namespace {

class PartialResults_Test : public AnalysisFixture {
 protected:
  std::string AskEvaluation(const std::string& key = "k1") {
    v1::AnalysisRequest request;
    request.mutable_evaluate()->set_worst_count(3);
    return Ask(Question(request, key));
  }
  static Message State(uint64_t done, const std::string& bytes, const std::string& fits = "this worker's") {
    Message message;
    message.mutable_analysis_state()->set_fits(fits);
    message.mutable_analysis_state()->set_done(done);
    message.mutable_analysis_state()->set_state(bytes);
    return message;
  }
  void Keep(uint64_t done, const std::string& bytes) {
    EXPECT_TRUE(pool_->WaitForAcknowledged(task_, pool_->Send(kSlot, State(done, bytes))));
  }
  std::optional<storage::PartialResult> Kept(const std::string& analysis) {
    std::optional<storage::PartialResult> kept;
    const std::string job = Id(GetAnalysis(run_, analysis).job());
    const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
      auto found = reader.jobs().GetPartialResult(job);
      if (found.ok()) kept = *found;
      return found.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return kept;
  }
  static v1::AnalysisResult Result() {
    v1::AnalysisResult result;
    result.mutable_evaluate()->set_loss(0.5);
    return result;
  }
};

TEST_F(PartialResults_Test, WorkerLostThenTheNextAttemptGetsTheLastState) {
  const std::string id = AskEvaluation();
  const worker::v1::AnalysisTask first = StartAnalysis().task.analysis();
  EXPECT_FALSE(first.has_last_state());
  EXPECT_NE(first.state_key(), "");
  Keep(2, "two");
  Keep(5, std::string("five\0!", 6));
  pool_->Lose(kSlot);
  const worker::v1::AnalysisTask second = StartAnalysis().task.analysis();
  EXPECT_EQ(second.state_key(), first.state_key());
  EXPECT_EQ(second.last_state().done(), 5u);
  EXPECT_EQ(second.last_state().state(), std::string("five\0!", 6));
  EXPECT_EQ(second.last_state().fits(), "this worker's");
  EXPECT_EQ(hub_->AnalysisProgress(AnalysisName(run_, id)), 0.5) << "of ten questions";
  Answer(Result());
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  EXPECT_FALSE(Kept(id).has_value());
}

TEST_F(PartialResults_Test, ServerKilledThenTheNextOneGivesTheLastState) {
  const std::string id = AskEvaluation();
  StartAnalysis();
  Keep(4, "four");
  Boot();
  EXPECT_EQ(Kept(id)->done, 4u);
  pool_->Idle(kSlot);
  EXPECT_EQ(StartAnalysis().task.analysis().last_state().state(), "four");
}

// A state that the catalog did not take, which nothing needed, was the end of a sound evaluation.
TEST_F(PartialResults_Test, CatalogRefusesAStateThenTheEvaluationGoesOnAndTheNextIsKept) {
  const std::string id = AskEvaluation();
  StartAnalysis();
  catalog_.gate.Fail(1, MakeError(absl::StatusCode::kResourceExhausted, "CATALOG_FULL", "no room"));
  Keep(2, "two");
  EXPECT_FALSE(Kept(id).has_value());
  Keep(5, "five");
  ASSERT_TRUE(Kept(id).has_value());
  EXPECT_EQ(Kept(id)->done, 5u);
  Answer(Result());
  Finish(worker::v1::Finished::DONE);
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

TEST_F(PartialResults_Test, CancelledOrFailedThenItIsGoneAndAskedAnewStartsAnew) {
  const std::string cancelled = AskEvaluation();
  StartAnalysis();
  Keep(4, "four");
  ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, cancelled).ok());
  Finish(worker::v1::Finished::CANCELLED);
  ASSERT_TRUE(WaitForAnalysis(run_, cancelled, v1::CANCELLED));
  EXPECT_FALSE(Kept(cancelled).has_value());

  const std::string failed = AskEvaluation();
  EXPECT_FALSE(StartAnalysis().task.analysis().has_last_state());
  Keep(4, "four");
  pool_->Finish(kSlot, Finished(worker::v1::Finished::FAILED, "OUT_OF_MEMORY"));
  ASSERT_TRUE(WaitForAnalysis(run_, failed, v1::FAILED));
  EXPECT_FALSE(Kept(failed).has_value());
  AskEvaluation();
  EXPECT_FALSE(StartAnalysis().task.analysis().has_last_state());
}

TEST_F(PartialResults_Test, CancelledInTheQueueThenItIsGone) {
  const std::string id = AskEvaluation();
  StartAnalysis();
  Keep(4, "four");
  Boot();
  ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, id).ok());
  EXPECT_FALSE(Kept(id).has_value());
}

// A worker may begin anew where the state is of another's arithmetic.
TEST_F(PartialResults_Test, NextAttemptBeginsAnewThenItsSmallerStateIsTheLast) {
  const std::string id = AskEvaluation();
  StartAnalysis();
  Keep(8, "eight");
  pool_->Lose(kSlot);
  StartAnalysis();
  Keep(1, "one");
  EXPECT_EQ(Kept(id)->done, 1u);
}

TEST_F(PartialResults_Test, KindThatKeepsNoneThenItIsGivenNoKey) {
  Ask(Question(UsefulNodes()));
  const worker::v1::AnalysisTask task = StartAnalysis().task.analysis();
  EXPECT_EQ(task.state_key(), "");
  EXPECT_FALSE(task.has_last_state());
}

TEST_F(PartialResults_Test, StateThatNoWorkerSendsThenItIsNotKept) {
  const std::string id = AskEvaluation();
  const std::vector<std::vector<Message>> lies = {
      {State(0, "none")},
      {State(3, "three"), State(3, "again")},
      {State(1'000'000'001, "too many")},
      {State(1, "")},
      {State(1, std::string((128 << 10) + 1, 's'))},
      {State(1, "one", "")},
      {State(1, "one", "a\nb")},
  };
  for (size_t i = 0; i < lies.size(); ++i) {
    const std::string asked = i == 0 ? id : AskEvaluation(absl::StrCat("lie", i));
    StartAnalysis();
    for (const Message& message : lies[i]) pool_->Send(kSlot, message);
    ASSERT_TRUE(pool_->WaitForCancel(task_)) << i << " was believed";
    ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, asked).ok());
    Finish(worker::v1::Finished::CANCELLED);
    ASSERT_TRUE(WaitForAnalysis(run_, asked, v1::CANCELLED));
  }
}

}  // namespace
}  // namespace sumscope::jobs
