// Which stored answers `runs compare` puts side by side.
#include "client/cli/runs/compare/shared_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;

v1::Analysis Answer(const std::string& name, int64_t time, const v1::QuestionSet& questions) {
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
      {{Answer("a2", 9, OfClass("S3")), Answer("a1", 1, Uniform(100))}, {Answer("b1", 2, Uniform(100))}},
      AskedByEvaluate);
  EXPECT_EQ(shared.asked.question_set().uniform().count(), 100u);
  EXPECT_THAT(shared.names, ElementsAre("a1", "b1"));
}

TEST(SharedAnswers_Test, WhenARunWasNotAskedThenItHasNone) {
  const SharedAnswers shared = ChooseSharedAnswers({{Answer("a1", 1, OfClass("S3"))},
                                                    {Answer("b2", 8, Uniform(7)), Answer("b1", 2, OfClass("S3"))},
                                                    {Answer("c1", 9, Uniform(9))}},
                                                   AskedByEvaluate);
  EXPECT_THAT(shared.names, ElementsAre("a1", "b1", ""));
}

TEST(SharedAnswers_Test, WhenAsManyRunsWereAskedThenUniformThenTheMostThenTheNewest) {
  EXPECT_THAT(
      ChooseSharedAnswers({{Answer("a2", 9, OfClass("S3")), Answer("a1", 1, Uniform(100))}}, AskedByEvaluate).names,
      ElementsAre("a1"));
  EXPECT_THAT(
      ChooseSharedAnswers({{Answer("a2", 9, Uniform(200)), Answer("a1", 1, Uniform(100))}}, AskedByEvaluate).names,
      ElementsAre("a2"));
  EXPECT_THAT(
      ChooseSharedAnswers({{Answer("a2", 9, Uniform(100)), Answer("a1", 1, Uniform(100))}}, AskedByEvaluate).names,
      ElementsAre("a2"));
}

// 99.00 % of 500 questions was told where both runs had been asked 10,000.
TEST(SharedAnswers_Test, WhenFewerQuestionsAreNewerThenTheMostAreCompared) {
  EXPECT_THAT(ChooseSharedAnswers({{Answer("a2", 9, Uniform(500)), Answer("a1", 1, Uniform(10000))},
                                   {Answer("b2", 9, Uniform(500)), Answer("b1", 1, Uniform(10000))}},
                                  AskedByEvaluate)
                  .names,
              ElementsAre("a1", "b1"));
}

v1::Analysis Cascades(const std::string& name, int64_t time, uint32_t per_cell) {
  v1::Analysis analysis = Answer(name, time, {});
  analysis.mutable_request()->mutable_cascades()->set_per_cell(per_cell);
  return analysis;
}

TEST(SharedAnswers_Test, WhenVerdictsAreOfFewQuestionsThenThoseOfMoreAreCompared) {
  EXPECT_THAT(ChooseSharedAnswers({{Cascades("a2", 9, 100), Cascades("a1", 1, 1000)},
                                   {Cascades("b2", 9, 100), Cascades("b1", 1, 1000)}},
                                  AskedByCascades)
                  .names,
              ElementsAre("a1", "b1"));
}

// Even where more runs were asked so few.
TEST(SharedAnswers_Test, WhenAVerdictIsOfTooFewQuestionsThenOneThatTellsIsTaken) {
  EXPECT_THAT(
      ChooseSharedAnswers({{Cascades("a2", 9, 1), Cascades("a1", 1, 1000)}, {Cascades("b2", 9, 1)}}, AskedByCascades)
          .names,
      ElementsAre("a1", ""));
  EXPECT_THAT(ChooseSharedAnswers({{Cascades("a2", 9, 1)}, {Cascades("b2", 9, 1)}}, AskedByCascades).names,
              ElementsAre("a2", "b2"));
}

TEST(SharedAnswers_Test, WhenOnlyStratifiedQuestionsWereAskedThenNothing) {
  const SharedAnswers shared = ChooseSharedAnswers({{Answer("a1", 1, Stratified())}, {}}, AskedByEvaluate);
  EXPECT_THAT(shared.names, ElementsAre("", ""));
  EXPECT_FALSE(shared.asked.has_question_set());
}

TEST(SharedAnswers_Test, WhenVerdictsAreComparedThenOfTheSameRequest) {
  v1::Analysis few = Answer("a2", 9, Uniform(100)), many = Answer("a1", 1, Uniform(100));
  v1::Analysis other = Answer("b1", 1, Uniform(5));
  few.mutable_request()->mutable_cascades()->set_per_cell(1);
  many.mutable_request()->mutable_cascades()->set_per_cell(1000);
  other.mutable_request()->mutable_cascades()->set_per_cell(1000);
  EXPECT_THAT(ChooseSharedAnswers({{few, many}, {other}}, AskedByCascades).names, ElementsAre("a1", "b1"));
}

}  // namespace
}  // namespace sumscope::client
