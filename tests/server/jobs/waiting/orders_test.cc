// Analyses that wait for their run.
#include "server/jobs/analyses/orders.h"

#include "proto/contract/analyses/kinds/kinds.h"
#include "tests/server/jobs/waiting/waiting_fixture.h"

namespace sumscope::jobs {
namespace {

class Orders_Test : public WaitingFixture {
 protected:
  void SetUp() override {
    WaitingFixture::SetUp();
    run_ = Id(Create().name());
  }
  v1::Analysis Whole(const std::string& analysis) {
    const auto whole = manager_->analyses().WithContent(GetAnalysis(run_, analysis));
    EXPECT_TRUE(whole.ok()) << whole.status();
    return whole.ok() ? *whole : v1::Analysis();
  }
  std::string run_;
};

TEST_F(Orders_Test, RunHasNotSucceededThenItIsThereWithoutAFile) {
  const std::string id = Order(run_);
  const v1::Analysis whole = Whole(id);
  EXPECT_EQ(whole.state(), v1::QUEUED);
  EXPECT_EQ(whole.state_reason(), "DEPENDENCY");
  EXPECT_EQ(whole.checkpoint(), "");
  EXPECT_EQ(whole.owner(), "ada");
  EXPECT_EQ(whole.request().evaluate().worst_count(), 3u);
  EXPECT_EQ(whole.question_set().uniform().count(), 10u);
  EXPECT_FALSE(storage_.run_files->Exists(run_));
}

TEST_F(Orders_Test, RunSucceedsThenItsLastCheckpointIsAsked) {
  const std::string id = Order(run_);
  Train(run_);
  const worker::v1::AnalysisTask task = AnswerNext();
  EXPECT_EQ(task.step(), 4u);
  EXPECT_EQ(task.request().evaluate().worst_count(), 3u);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  const v1::Analysis whole = Whole(id);
  EXPECT_EQ(whole.checkpoint(), CheckpointName(run_, 4));
  EXPECT_EQ(whole.result().evaluate().loss(), 0.125);
  const auto weights = File(run_)->GetTensorSet(storage::TensorSetKind::kWeights, 4);
  ASSERT_TRUE(weights.ok());
  EXPECT_EQ(whole.key(), AnalysisKey(weights->sha256, whole.request(), "q10", v1::FLOAT32));
  EXPECT_EQ(GetAnalysis(run_, id).key(), whole.key());
}

TEST_F(Orders_Test, OrderedWhileItRunsThenItWaitsForTheEnd) {
  pool_->Idle(kSlot);
  StartNext();
  pool_->Send(kSlot, Metrics(0, 2));
  pool_->Send(kSlot, Timing(0, 2, 100));
  SendSet(worker::v1::WEIGHTS, 2, "weights2", 0.5);
  const std::string id = Order(run_);
  SendWholeTraining(2);
  pool_->Finish(kSlot, Finished(worker::v1::Finished::DONE));
  EXPECT_EQ(AnswerNext().step(), 4u);
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

TEST_F(Orders_Test, EqualOrdersAreOne) {
  const auto first = TryOrder(run_);
  const auto second = TryOrder(run_);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(first->from_cache);
  EXPECT_TRUE(second->from_cache);
  EXPECT_EQ(second->analysis.name(), first->analysis.name());
  EXPECT_EQ(second->analysis.request().evaluate().worst_count(), 3u);
  EXPECT_NE(TryOrder(run_, 5)->analysis.name(), first->analysis.name());
}

TEST_F(Orders_Test, SameRequestThenTheSameOrder) {
  const Request request = {"6f1a", "digest"};
  const auto first = TryOrder(run_, 3, request);
  const auto second = TryOrder(run_, 3, request);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->analysis.name(), first->analysis.name());
  EXPECT_FALSE(second->from_cache);
  EXPECT_EQ(ErrorReason(TryOrder(run_, 5, {"6f1a", "other"}).status()), "REQUEST_ID_REUSED");
}

TEST_F(Orders_Test, RunFailsThenItFailsAndSaysWhatItWas) {
  const std::string id = Order(run_);
  FailTraining(run_);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  const v1::Analysis whole = Whole(id);
  EXPECT_EQ(whole.state_reason(), "DEPENDENCY_FAILED");
  EXPECT_EQ(whole.request().evaluate().worst_count(), 3u);
  // The run is resumed; what ended with it is not.
  ASSERT_TRUE(manager_->runs().Resume(Ada(), {}, run_).ok());
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::FAILED);
  EXPECT_FALSE(TryOrder(run_)->from_cache);
}

TEST_F(Orders_Test, CancelledThenTheRunGoesOnWithoutIt) {
  const std::string id = Order(run_);
  EXPECT_EQ(manager_->analyses().Cancel(Ada(), run_, id)->state(), v1::CANCELLED);
  EXPECT_EQ(ErrorReason(manager_->analyses().Cancel(Ada(), run_, id).status()), "ANALYSIS_ENDED");
  const std::string other = Order(run_, 5);
  Train(run_);
  EXPECT_EQ(AnswerNext().request().evaluate().worst_count(), 5u);
  EXPECT_TRUE(WaitForAnalysis(run_, other, v1::SUCCEEDED));
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::CANCELLED);
}

TEST_F(Orders_Test, DeletedThenItIsGone) {
  const std::string id = Order(run_);
  EXPECT_EQ(ErrorReason(manager_->analyses().Delete(Ada(), run_, id)), "ANALYSIS_UNFINISHED");
  ASSERT_TRUE(manager_->analyses().Cancel(Ada(), run_, id).ok());
  EXPECT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  const absl::Status status = storage_.catalog->Read([&](storage::CatalogReader& reader) {
    return reader.analyses().Get(storage::Viewer::Server(), run_, id).status();
  });
  EXPECT_TRUE(absl::IsNotFound(status));
}

TEST_F(Orders_Test, RunThatWillNotSucceedThenRefused) {
  FailTraining(run_);
  EXPECT_EQ(ErrorReason(TryOrder(run_).status()), "RUN_ENDED");
  ASSERT_TRUE(manager_->runs().Delete(Ada(), run_).ok());
  EXPECT_EQ(ErrorReason(TryOrder(run_).status()), "RUN_DELETED");
}

TEST_F(Orders_Test, WhatIsStoredAtOnceThenRefused) {
  NewAnalysis tags;
  tags.analysis.set_analysis("import_tags");
  tags.analysis.mutable_request()->mutable_import_tags();
  tags.analysis.set_owner("ada");
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {}, run_, tags).status()), "RUN_UNFINISHED");
}

TEST_F(Orders_Test, RunHasSucceededMeanwhileThenItIsAskedAtOnce) {
  Train(run_);
  const std::string id = Order(run_);
  EXPECT_EQ(AnswerNext().step(), 4u);
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

TEST_F(Orders_Test, ServerDiesWhileItWaitsThenItWaitsOn) {
  const std::string id = Order(run_);
  BootAgain();
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::QUEUED);
  Train(run_);
  AnswerNext();
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

TEST_F(Orders_Test, ServerDiesBeforeOrAfterTheFileHasItThenTheNextOneCompletesIt) {
  const std::string id = Order(run_);
  DieAfterTheEndOf(run_);  // the file has it then, the catalog has not
  Train(run_);
  ASSERT_TRUE(WaitUntil(run_, [&] { return File(run_)->GetAnalysis(id).ok(); }));
  EXPECT_EQ(GetAnalysis(run_, id).checkpoint(), "");
  BootAgain();
  pool_->Idle(kSlot);
  AnswerNext();
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  EXPECT_EQ(File(run_)->ListAnalyses()->size(), 1u);
}

TEST_F(Orders_Test, FileRefusesForNowThenItIsTriedAgain) {
  const std::string id = Order(run_);
  auto refusals = std::make_shared<std::atomic<int>>(3);
  files_.OnWrite([this, refusals](const std::string&) {
    const bool ended = Get(run_).state() == v1::SUCCEEDED;
    return ended && refusals->fetch_sub(1) > 0 ? absl::UnavailableError("busy") : absl::OkStatus();
  });
  Train(run_);
  AnswerNext();
  EXPECT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
}

TEST_F(Orders_Test, FileIsBeyondUseThenItFailsAndOthersGoOn) {
  const std::string id = Order(run_);
  const std::string second = After({run_});
  files_.OnOpen([this](const std::string& run) {
    return run == run_ && Get(run_).state() == v1::SUCCEEDED
               ? MakeError(absl::StatusCode::kDataLoss, "RUN_FILE_CORRUPT", "a bit flipped")
               : absl::OkStatus();
  });
  Train(run_);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_EQ(GetAnalysis(run_, id).state_reason(), "RUN_FILE_CORRUPT");
  EXPECT_EQ(RunOf(NextTask()), second);
}

}  // namespace
}  // namespace sumscope::jobs
