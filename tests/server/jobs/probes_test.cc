// What probes need from the server, and what it keeps of their answers.
#include <cstring>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/text/sha256.h"
#include "server/jobs/analyses/analyses.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/questions/question_sets.h"
#include "server/jobs/runs/runs.h"
#include "server/jobs/tasks/headline.h"
#include "tests/server/jobs/analysis_fixture.h"

namespace sumscope::jobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Probes_Test : public AnalysisFixture {
 protected:
  v1::Analysis Phases() {
    v1::AnalysisRequest request;
    request.mutable_phases()->set_window(1);  // complete
    v1::Analysis analysis = Question(request);
    analysis.clear_question_set();
    return analysis;
  }
  v1::Analysis Tags(const std::string& node) {
    v1::AnalysisRequest request;
    auto* tag = request.mutable_import_tags()->add_tags();
    tag->set_node(node);
    tag->set_tag("Algo:A2.SC");
    return Question(request);
  }
  // A worker's answer to useful nodes that fails the analysis for what one of its tags says.
  void ExpectInvalidFact(const v1::AnalysisResult& result) {
    const std::string id = Ask(Question(UsefulNodes()));
    StartAnalysis();
    Answer(result);
    Finish(worker::v1::Finished::DONE);
    ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
    EXPECT_EQ(GetAnalysis(run_, id).state_reason(), "FACT_INVALID");
    EXPECT_EQ(File(run_)->GetAnalysis(id)->state(), v1::FAILED);
    EXPECT_THAT(Facts(), IsEmpty());
  }
};

TEST_F(Probes_Test, TagsOfAnAnswerBecomeFacts) {
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  Answer(UsefulNodesResult());
  EXPECT_THAT(Facts(), IsEmpty());  // not before it has ended
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  EXPECT_THAT(Facts(), ElementsAre("P8L0H1=Fail%:3", "P9L0H1=Fail%:1", "P9L0MLP=Fail%:2"));
}

TEST_F(Probes_Test, AnswerAboutTheWholeModelIsShownByItsRunUntilItIsDeleted) {
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  v1::Analysis evaluate = Question(request);
  evaluate.mutable_question_set()->set_operation(v1::ADD);
  const std::string id = Ask(evaluate);
  StartAnalysis();
  v1::AnalysisResult result;
  result.mutable_evaluate()->mutable_exact()->set_rate(1);
  result.mutable_evaluate()->mutable_exact()->set_count(20'000);
  Answer(result);
  EXPECT_FALSE(Get(run_).has_accuracy());  // not before it has ended
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  EXPECT_EQ(Get(run_).accuracy(), 1);
  EXPECT_EQ(Get(run_).nines(), 4u) << "without a failure: what so many questions show";

  v1::AnalysisRequest cascades;
  cascades.mutable_cascades();
  const std::string verdict = Ask(Question(cascades, "k2"));
  StartAnalysis();
  result.Clear();
  for (const auto& lower : {std::vector<double>{0.99, 0.97, 0.6}, {0.99, 0.98}, {0.99}}) {
    auto* digit = result.mutable_cascades()->add_additions();
    for (const double bound : lower) digit->add_kappa_lower(bound);
  }
  Answer(result);
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, verdict, v1::SUCCEEDED));
  EXPECT_EQ(Get(run_).reads_to(), 3u) << "all";
  EXPECT_EQ(Get(run_).sure_to(), 2u);
  EXPECT_FALSE(Get(run_).look_back_exact());
  EXPECT_TRUE(manager_->runs().Update(Ada(), run_, {false, {{"a", "b"}}, {}}).ok());
  EXPECT_FALSE(File(run_)->GetRun()->has_accuracy()) << "the file has the answers themselves";

  ASSERT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_FALSE(Get(run_).has_accuracy());
  EXPECT_TRUE(Get(run_).has_reads_to());
}

TEST_F(Probes_Test, VerdictOfTooFewQuestionsIsNoHeadline) {
  v1::AnalysisResult result;
  v1::LookBackDigit* digit = result.mutable_cascades()->add_additions();
  digit->set_per_cell(5);
  digit->add_right(5);
  digit->add_kappa_lower(0.13);
  EXPECT_FALSE(HeadlineOf(Get(run_).spec(), v1::QuestionSet(), result).look_back.has_value());
  digit->set_per_cell(1000);
  digit->set_right(0, 990);
  const auto look_back = HeadlineOf(Get(run_).spec(), v1::QuestionSet(), result).look_back;
  ASSERT_TRUE(look_back.has_value()) << "it could have been found";
  EXPECT_EQ(look_back->questions, 1000u);
}

TEST_F(Probes_Test, AnswerAboutAPartOfTheQuestionsIsNoHeadline) {
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  v1::AnalysisResult result;
  result.mutable_evaluate()->mutable_exact()->set_count(100);
  v1::TrainSpec mixed = Get(run_).spec();
  mixed.set_operation(v1::MIX);
  v1::QuestionSet questions;
  questions.mutable_uniform()->set_count(100);
  questions.set_operation(v1::SUB);
  EXPECT_FALSE(HeadlineOf(mixed, questions, result).accuracy.has_value());
  questions.set_operation(v1::MIX);
  EXPECT_TRUE(HeadlineOf(mixed, questions, result).accuracy.has_value());
  result.mutable_evaluate()->clear_exact();
  EXPECT_FALSE(HeadlineOf(mixed, questions, result).accuracy.has_value());
  result.mutable_evaluate()->mutable_exact();
  questions.mutable_enriched()->set_count(100);
  EXPECT_FALSE(HeadlineOf(mixed, questions, result).accuracy.has_value());
}

TEST_F(Probes_Test, FailedAnalysisProvesNothing) {
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  Answer(UsefulNodesResult());
  Finish(worker::v1::Finished::FAILED);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::FAILED));
  EXPECT_THAT(Facts(), IsEmpty());
}

TEST_F(Probes_Test, TagOfNoNodeFailsTheAnalysis) {
  v1::AnalysisResult result = UsefulNodesResult();
  result.mutable_useful_nodes()->mutable_tags(0)->set_node("nonsense");
  ExpectInvalidFact(result);
}

// A worker's tag of control characters became a fact, which a tags file could not have brought.
TEST_F(Probes_Test, TagOfControlCharactersFailsTheAnalysis) {
  v1::AnalysisResult result = UsefulNodesResult();
  result.mutable_useful_nodes()->mutable_tags(0)->set_tag("\033[2J");
  ExpectInvalidFact(result);
}

TEST_F(Probes_Test, FactsFollowAnAnswerInTheFile) {
  const std::string id = Ask(Question(UsefulNodes()));
  StartAnalysis();
  Answer(UsefulNodesResult());
  catalog_.gate.Set([] { return absl::UnavailableError("the server dies here"); });
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitUntil(run_, [&] { return File(run_)->GetAnalysis(id)->state() == v1::SUCCEEDED; }));
  Crash();
  catalog_.gate.Open();
  Boot();
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::SUCCEEDED);
  EXPECT_EQ(Facts().size(), 3u);
}

TEST_F(Probes_Test, ImportedTagsAreStoredAtOnce) {
  const std::string id = Ask(Tags("P8L0H1"));
  EXPECT_EQ(GetAnalysis(run_, id).state(), v1::SUCCEEDED);
  EXPECT_THAT(Facts(), ElementsAre("P8L0H1=Algo:A2.SC"));
  EXPECT_EQ(File(run_)->GetAnalysis(id)->result().import_tags().tags_size(), 1);
  EXPECT_EQ(ErrorReason(manager_->analyses().Cancel(Ada(), run_, id).status()), "ANALYSIS_ENDED");
  EXPECT_THAT(Boot(), IsEmpty());
  EXPECT_TRUE(manager_->analyses().Create(Ada(), {}, run_, Tags("P8L0H1"))->from_cache);
  EXPECT_EQ(pool_->tasks_given(), 0u);
}

TEST_F(Probes_Test, RefusedTagsLeaveNothing) {
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {}, run_, Tags("nonsense")).status()), "FACT_INVALID");
  EXPECT_THAT(*File(run_)->ListAnalyses(), IsEmpty());
}

TEST_F(Probes_Test, DeletedAnalysisIsForgottenEverywhere) {
  const std::string id = Ask(Question(UsefulNodes()));
  EXPECT_EQ(ErrorReason(manager_->analyses().Delete(Ada(), run_, id)), "ANALYSIS_UNFINISHED");
  StartAnalysis();
  Answer(UsefulNodesResult());
  Finish(worker::v1::Finished::DONE);
  ASSERT_TRUE(WaitForAnalysis(run_, id, v1::SUCCEEDED));
  ASSERT_TRUE(manager_->analyses().Delete(Ada(), run_, id).ok());
  EXPECT_FALSE(Knows(id));
  EXPECT_THAT(Facts(), IsEmpty());
  EXPECT_EQ(ErrorReason(File(run_)->GetAnalysis(id).status()), "ANALYSIS_NOT_FOUND");
  EXPECT_EQ(ErrorReason(manager_->analyses().Delete(Ada(), run_, id)), "ANALYSIS_NOT_FOUND");
  EXPECT_NE(Ask(Question(UsefulNodes())), id);  // asked again, it is computed again
}

TEST_F(Probes_Test, PhasesGetTheMetricsOfTheTraining) {
  Ask(Phases());
  const FakeWorkerPool::Given given = StartAnalysis();
  EXPECT_THAT(given.task.analysis().metric_columns(), ElementsAre("loss", "digit_loss.A0"));
  ASSERT_EQ(given.tensors.tensors_size(), 2);
  EXPECT_EQ(given.tensors.kind(), worker::v1::WEIGHTS);
  EXPECT_EQ(given.tensors.tensors(1).name(), "metrics");
  EXPECT_EQ(given.tensors.tensors(1).dtype(), "F64");
  EXPECT_THAT(given.tensors.tensors(1).shape(), ElementsAre(4, 2));
  ASSERT_EQ(given.tensor_bytes.size(), 8 + 4 * 2 * sizeof(double));
  std::vector<double> values(8);
  std::memcpy(values.data(), given.tensor_bytes.data() + 8, 8 * sizeof(double));
  EXPECT_THAT(values, ElementsAre(0, 0.5, 1, 0.5, 2, 0.5, 3, 0.5));
}

// One window of 6,000 steps has no order, and everything was "learnt at 0".
TEST_F(Probes_Test, WhenAWindowIsTooWideForTheTrainingThenTheWidestIsNamed) {
  v1::Analysis phases = Phases();  // of four steps
  phases.mutable_request()->mutable_phases()->set_window(2);
  const absl::Status refused = manager_->analyses().Create(Ada(), {}, run_, phases).status();
  EXPECT_EQ(ErrorReason(refused), "WINDOW_TOO_WIDE");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << "another run may take it";
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("at most 1"));
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), run_, phases)), "WINDOW_TOO_WIDE");
  phases.mutable_request()->mutable_phases()->set_window(1);
  EXPECT_TRUE(manager_->analyses().Check(Ada().viewer(), run_, phases).ok());
}

// Such a window was queued, and refused by the worker.
TEST(PhasesWindow_Test, WhenAWindowIsTooNarrowForTheTrainingThenTheNarrowestIsNamed) {
  v1::AnalysisRequest request;
  const auto check = [&](uint64_t steps, uint32_t window) {
    request.mutable_phases()->set_window(window);
    return KindOf(request).CheckMetrics("runs/r7", steps, request);
  };
  EXPECT_TRUE(check(50'000, 1).ok());
  EXPECT_EQ(ErrorReason(check(50'001, 1)), "WINDOW_TOO_NARROW");
  EXPECT_THAT(std::string(check(50'001, 1).message()), testing::HasSubstr("at least 2"));
  EXPECT_TRUE(check(50'001, 2).ok());
  EXPECT_EQ(ErrorReason(check(2'000'001, 50)), "PHASES_TOO_LONG");
}

TEST_F(Probes_Test, PhasesOfARunWithoutMetricsAreRefused) {
  ImportedWeights weights;
  weights.tensors = {{"embed.W_E", "F32", {2}, 8}};
  weights.data_bytes = 8;
  weights.read = [](uint64_t offset, uint64_t length) { return std::string("weights!").substr(offset, length); };
  ASSERT_TRUE(manager_->runs().Import(Ada(), {}, "foreign", Spec(), {}, weights).ok());
  v1::Analysis phases = Phases();
  phases.set_checkpoint(CheckpointName("foreign", 0));
  const absl::Status refused = manager_->analyses().Create(Ada(), {}, "foreign", phases).status();
  EXPECT_EQ(ErrorReason(refused), "RUN_HAS_NO_METRICS");
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("runs/foreign"));
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), "foreign", phases)), "RUN_HAS_NO_METRICS");
  EXPECT_THAT(*File("foreign")->ListAnalyses(), IsEmpty());
}

TEST_F(Probes_Test, UploadedQuestionsGoToTheWorker) {
  const std::string text = "12+34\n56+78\n";
  v1::UploadedQuestionSet set;
  set.set_sha256(Sha256Hex(text));
  set.set_n_digits(2);
  set.set_count(2);
  const auto stored = manager_->question_sets().Add(Ada(), set, text);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->name(), QuestionSetName(set.sha256()));
  EXPECT_TRUE(stored->has_create_time());
  EXPECT_EQ(manager_->question_sets().Add(Ada(), set, text)->create_time().nanos(),
            stored->create_time().nanos());  // the same one
  v1::Analysis question = Question(UsefulNodes());
  question.mutable_question_set()->mutable_uploaded()->set_sha256(set.sha256());
  Ask(question);
  const FakeWorkerPool::Given given = StartAnalysis();
  ASSERT_EQ(given.tensors.tensors_size(), 2);
  EXPECT_EQ(given.tensors.tensors(1).name(), "questions");
  EXPECT_EQ(given.tensors.tensors(1).dtype(), "U8");
  EXPECT_EQ(given.tensor_bytes, "weights!" + text);
}

TEST_F(Probes_Test, RunDeletedWhileAnalysesAreAskedTakesNone) {
  ASSERT_TRUE(manager_->runs().Delete(Ada(), run_).ok());
  EXPECT_EQ(ErrorReason(manager_->analyses().Check(Ada().viewer(), run_, Question(UsefulNodes()))), "RUN_DELETED");
  EXPECT_EQ(ErrorReason(manager_->analyses().Create(Ada(), {}, run_, Tags("P8L0H1")).status()), "RUN_DELETED");
}

}  // namespace
}  // namespace sumscope::jobs
