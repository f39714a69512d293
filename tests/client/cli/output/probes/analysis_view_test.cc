#include "client/cli/output/probes/analysis_view.h"

#include <gtest/gtest.h>

#include <string>

namespace sumscope::client {
namespace {

TEST(Questions_Test, GivenAListThenItIsNamedAsShortAsItCan) {
  v1::QuestionSet questions;
  questions.set_operation(v1::ADD);
  questions.mutable_list()->add_questions("12345+67890");
  EXPECT_EQ(BriefQuestions(questions, 80), "12345+67890");
  EXPECT_EQ(DescribeQuestions(questions), "12345+67890, add");
  for (int i = 0; i < 16; ++i) questions.mutable_list()->add_questions("1+2");
  EXPECT_EQ(BriefQuestions(questions, 80), "list of 17, add");
  questions.clear_list();
  questions.set_sha256(std::string(64, 'a'));
  EXPECT_EQ(BriefQuestions(questions, 80), "list aaaaaaaaaaaa, add") << "left out of lists of analyses";
  questions.clear_operation();
  EXPECT_EQ(BriefQuestions(questions, 80), "") << "phases ask no questions, whose hash is that of nothing";
}

TEST(Questions_Test, GivenWhatIsUsualThenTheBriefFormLeavesItOut) {
  v1::QuestionSet questions;
  questions.mutable_uniform()->set_count(10000);
  questions.set_seed(0);
  questions.set_operation(v1::SUB);
  EXPECT_EQ(BriefQuestions(questions, 80), "uniform:10000, sub");
  EXPECT_EQ(DescribeQuestions(questions), "uniform:10000, seed 0, sub");
  questions.set_seed(7);
  EXPECT_EQ(BriefQuestions(questions, 80), "uniform:10000, seed 7, sub");
  for (const char* task : {"A0.SA", "A1.SA", "A2.SA", "A3.SA"}) questions.mutable_pairs()->add_tasks(task);
  EXPECT_EQ(BriefQuestions(questions, 80), "tasks:A0.SA,A1.SA,A2..");
  EXPECT_EQ(BriefQuestions(questions, 0), "tasks:A0.SA,A1.SA,A2.SA,A3.SA") << "pipes get whole rows";
}

}  // namespace
}  // namespace sumscope::client
