// Which stored answers `runs compare` puts side by side.
#include "client/cli/runs/compare/shared_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

v1::Analysis Asked(const std::string& name, int64_t time, const v1::QuestionSet& questions) {
  v1::Analysis analysis;
  analysis.set_name(name);
  analysis.mutable_create_time()->set_seconds(time);
  *analysis.mutable_question_set() = questions;
  return analysis;
}

v1::QuestionSet Uniform(uint64_t count) {
  v1::QuestionSet questions;
  questions.mutable_uniform()->set_count(count);
  return questions;
}

v1::QuestionSet OfClass(const std::string& name) {
  v1::QuestionSet questions;
  questions.mutable_of_class()->set_question_class(name);
  return questions;
}

v1::QuestionSet Stratified() {
  v1::QuestionSet questions;
  questions.mutable_stratified()->set_count_per_class(50);
  return questions;
}

// The newest answer of each run stood side by side, whatever it was asked.
TEST(SharedAnswers_Test, WhenNewerAnswersAreToOtherQuestionsThenTheSharedOnesAreCompared) {
  const SharedAnswers shared = ChooseSharedAnswers(
      {{Asked("a2", 9, OfClass("S3")), Asked("a1", 1, Uniform(100))}, {Asked("b1", 2, Uniform(100))}}, QuestionsKey);
  EXPECT_EQ(shared.asked.question_set().uniform().count(), 100u);
  EXPECT_THAT(shared.names, ElementsAre("a1", "b1"));
}

TEST(SharedAnswers_Test, WhenARunWasNotAskedThenItHasNone) {
  const SharedAnswers shared = ChooseSharedAnswers({{Asked("a1", 1, OfClass("S3"))},
                                                    {Asked("b2", 8, Uniform(7)), Asked("b1", 2, OfClass("S3"))},
                                                    {Asked("c1", 9, Uniform(9))}},
                                                   QuestionsKey);
  EXPECT_THAT(shared.names, ElementsAre("a1", "b1", ""));
}

TEST(SharedAnswers_Test, WhenAsManyRunsWereAskedThenUniformThenTheNewest) {
  EXPECT_THAT(ChooseSharedAnswers({{Asked("a2", 9, OfClass("S3")), Asked("a1", 1, Uniform(100))}}, QuestionsKey).names,
              ElementsAre("a1"));
  EXPECT_THAT(ChooseSharedAnswers({{Asked("a2", 9, Uniform(200)), Asked("a1", 1, Uniform(100))}}, QuestionsKey).names,
              ElementsAre("a2"));
  EXPECT_THAT(ChooseSharedAnswers({{Asked("a2", 9, Uniform(100)), Asked("a1", 1, Uniform(100))}}, QuestionsKey).names,
              ElementsAre("a2"));
}

TEST(SharedAnswers_Test, WhenOnlyStratifiedQuestionsWereAskedThenNothing) {
  const SharedAnswers shared = ChooseSharedAnswers({{Asked("a1", 1, Stratified())}, {}}, QuestionsKey);
  EXPECT_THAT(shared.names, ElementsAre("", ""));
  EXPECT_FALSE(shared.asked.has_question_set());
}

TEST(SharedAnswers_Test, WhenVerdictsAreComparedThenOfTheSameRequest) {
  v1::Analysis few = Asked("a2", 9, Uniform(100)), many = Asked("a1", 1, Uniform(100));
  v1::Analysis other = Asked("b1", 1, Uniform(5));
  few.mutable_request()->mutable_cascades()->set_per_cell(1);
  many.mutable_request()->mutable_cascades()->set_per_cell(1000);
  other.mutable_request()->mutable_cascades()->set_per_cell(1000);
  EXPECT_THAT(ChooseSharedAnswers({{few, many}, {other}}, VerdictKey).names, ElementsAre("a1", "b1"));
}

}  // namespace
}  // namespace sumscope::client
