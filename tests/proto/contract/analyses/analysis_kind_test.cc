// What a worker refuses is refused before it waits in the queue.
#include "proto/contract/analyses/analysis_kind.h"

#include <gtest/gtest.h>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"

namespace sumscope {
namespace {

v1::TrainSpec WideSpec() {
  v1::TrainSpec spec;
  spec.set_operation(v1::MAS);
  spec.set_n_digits(5);
  spec.set_n_heads(3);
  spec.set_d_model(510);
  spec.set_d_head(170);
  return CompleteSpec(spec);
}

std::string Reason(const v1::AnalysisRequest& request, const v1::QuestionSet& questions,
                   const v1::UploadedQuestionSet& uploaded = {}) {
  return ErrorReason(KindOf(request).Check(WideSpec(), questions, uploaded, request));
}
v1::QuestionSet Uniform(uint64_t count) {
  v1::QuestionSet questions;
  questions.mutable_uniform()->set_count(count);
  return questions;
}

TEST(AnalysisKind_Test, PcaTakesSoManyQuestions) {
  v1::AnalysisRequest pca;
  pca.mutable_pca()->add_nodes("P14L0H1");
  EXPECT_EQ(Reason(pca, Uniform(3000)), "");
  EXPECT_EQ(Reason(pca, Uniform(3001)), "TOO_MANY_QUESTIONS");
  EXPECT_EQ(Reason(pca, Uniform(3)), "TOO_FEW_QUESTIONS");
  v1::QuestionSet tricase;
  tricase.mutable_tricase()->set_count_per_case(1001);
  EXPECT_EQ(Reason(pca, tricase), "TOO_MANY_QUESTIONS");
}

TEST(AnalysisKind_Test, ComponentsTakeSoManyFeatures) {
  v1::AnalysisRequest capture;
  capture.mutable_capture()->add_hooks("hook_embed");  // 19 positions of 510
  EXPECT_EQ(Reason(capture, Uniform(1'000'000)), "") << "no components";
  capture.mutable_capture()->set_reduction(v1::COMPONENTS);
  EXPECT_EQ(Reason(capture, Uniform(20'000)), "");
  EXPECT_EQ(Reason(capture, Uniform(30'000)), "RESULT_TOO_LARGE") << "2.3 GB";
  EXPECT_EQ(Reason(capture, Uniform(1)), "TOO_FEW_QUESTIONS");
  capture.mutable_capture()->add_hooks("blocks.0.mlp.hook_pre");  // 19 positions of 2040
  EXPECT_EQ(Reason(capture, Uniform(10)), "RESULT_TOO_LARGE");
  capture.mutable_capture()->add_positions("P14");
  EXPECT_EQ(Reason(capture, Uniform(10)), "");
}

TEST(AnalysisKind_Test, UploadedQuestionsAreThoseThatTheAnalysisTakes) {
  v1::QuestionSet questions;
  questions.mutable_uploaded();
  v1::UploadedQuestionSet set;
  set.set_count(200);
  set.set_additions(100);
  set.set_subtractions(100);
  v1::AnalysisRequest evaluate, pca, subtasks, means, attention;
  evaluate.mutable_evaluate();
  pca.mutable_pca();
  subtasks.mutable_subtasks();
  means.mutable_capture()->set_reduction(v1::MEAN_PER_CLASS);
  attention.mutable_attention()->set_per_question(true);
  EXPECT_EQ(Reason(evaluate, questions, set), "");
  EXPECT_EQ(Reason(subtasks, questions, set), "");
  EXPECT_EQ(Reason(pca, questions, set), "MIX_NOT_APPLICABLE");
  EXPECT_EQ(Reason(attention, questions, set), "QUESTIONS_OUT_OF_RANGE");
  set.set_products(1);
  set.set_count(201);
  EXPECT_EQ(Reason(evaluate, questions, set), "");
  for (const auto& request : {pca, subtasks, means}) EXPECT_EQ(Reason(request, questions, set), "TASK_NOT_APPLICABLE");
}

}  // namespace
}  // namespace sumscope
