#include "proto/contract/names/tasks.h"

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/proto/contract/matchers.h"

namespace sumscope {
namespace {

v1::TrainSpec ThreeDigits(v1::Operation operation) {
  v1::TrainSpec spec;
  spec.set_operation(operation);
  spec.set_n_digits(3);
  return spec;
}

std::string Text(const std::vector<TaskName>& tasks) {
  return absl::StrJoin(tasks, " ", [](std::string* out, const TaskName& task) { out->append(TaskText(task)); });
}

std::string Parsed(v1::Operation operation, const std::string& text) {
  const auto tasks = ParseTask(ThreeDigits(operation), "f", text);
  return tasks.ok() ? Text(*tasks) : ErrorReason(tasks.status());
}

TEST(ParseTask_Test, KindThenEveryDigitThatItHas) {
  EXPECT_EQ(Parsed(v1::ADD, "SA"), "A0.SA A1.SA A2.SA");
  EXPECT_EQ(Parsed(v1::ADD, "ST"), "A0.ST A1.ST A2.ST");
  EXPECT_EQ(Parsed(v1::ADD, "ss"), "A1.SS A2.SS");
  EXPECT_EQ(Parsed(v1::MIX, "SS9"), "A1.SS9 A2.SS9");
  EXPECT_EQ(Parsed(v1::MAS, "SS9C"), "A1.SS9C A2.SS9C");
  EXPECT_EQ(Parsed(v1::SUB, "MB"), "A0.MB A1.MB");
  EXPECT_EQ(Parsed(v1::SUB, "NB"), "A0.NB A1.NB");
  EXPECT_EQ(Parsed(v1::SUB, "GT"), "A0.GT A1.GT A2.GT");
}

TEST(ParseTask_Test, OneDigitThenThatOne) {
  EXPECT_EQ(Parsed(v1::ADD, " a2.sc "), "A2.SC");
  EXPECT_EQ(ParseTask(ThreeDigits(v1::MIX), "f", "A1.MD")->front().operation, v1::SUB);
  EXPECT_EQ(ParseTask(ThreeDigits(v1::MIX), "f", "A1.SA")->front().operation, v1::ADD);
}

TEST(ParseTask_Test, AllThenThoseOfTheRun) {
  EXPECT_EQ(Parsed(v1::ADD, "all"), Text(AllTasks(v1::ADD, 3)));
  EXPECT_EQ(Parsed(v1::SUB, "ALL"), Text(AllTasks(v1::SUB, 3)));
  EXPECT_EQ(Parsed(v1::MIX, "all"), Text(AllTasks(v1::MIX, 3)));
  EXPECT_EQ(Parsed(v1::MAS, "all"), Text(AllTasks(v1::MIX, 3)));
  EXPECT_EQ(AllTasks(v1::ADD, 3).size(), 3u * 3 + 3 * 2);
  EXPECT_EQ(AllTasks(v1::SUB, 3).size(), 4u * 3 + 2 * 2);
  EXPECT_EQ(AllTasks(v1::MIX, 2).size(), 3u * 2 + 3 + 4 * 2 + 2);
}

TEST(ParseTask_Test, WrongThenItsOwnReason) {
  for (const char* text : {"", "SX", "A2", "A2.", "B2.SA", "A2.SA.1", "A2.all", "SV", "OPR"}) {
    EXPECT_EQ(Parsed(v1::ADD, text), "TASK_UNKNOWN") << text;
  }
  for (const char* text : {"A3.SA", "A0.SS", "A0.SS9", "A0.SS9C", "A.SA", "A-1.SA", "A99999999999.SA"}) {
    EXPECT_EQ(Parsed(v1::ADD, text), "TASK_DIGIT_OUT_OF_RANGE") << text;
  }
  EXPECT_EQ(Parsed(v1::SUB, "A2.MB"), "TASK_DIGIT_OUT_OF_RANGE");
  EXPECT_EQ(Parsed(v1::SUB, "A2.NB"), "TASK_DIGIT_OUT_OF_RANGE");
  EXPECT_EQ(Parsed(v1::SUB, "SA"), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(Parsed(v1::ADD, "A1.MD"), "TASK_NOT_APPLICABLE");
  EXPECT_EQ(Parsed(v1::MUL, "all"), "TASK_NOT_APPLICABLE");
  const auto unknown = ParseTask(ThreeDigits(v1::ADD), "request.subtasks.tasks[0]", "A1.SS9D");
  EXPECT_EQ(ViolatedField(unknown.status()), "request.subtasks.tasks[0]");
  EXPECT_NE(unknown.status().message().find("did you mean \"SS9\"?"), std::string::npos);
}

TEST(ParseFeature_Test, FeatureThenItsColumnAndOperation) {
  for (const char* name : {"SA", "SC", "SS", "ST", "SV"}) {
    EXPECT_EQ(TaskText(*ParseFeature(ThreeDigits(v1::ADD), "f", std::string("a0.") + name)), std::string("A0.") + name);
  }
  for (const char* name : {"MD", "ND", "MB", "NB", "MZ", "NZ", "MT", "NT", "GT"}) {
    const auto feature = ParseFeature(ThreeDigits(v1::MIX), "f", std::string("A2.") + name);
    ASSERT_THAT(feature, IsOk()) << name;
    EXPECT_EQ(feature->operation, v1::SUB);
    EXPECT_EQ(feature->digit, 2u);
  }
}

TEST(ParseFeature_Test, WrongThenItsOwnReason) {
  for (const char* text : {"", "SC", "all", "A2.SS9", "A2"}) {
    EXPECT_THAT(ParseFeature(ThreeDigits(v1::ADD), "f", text), IsInvalid("FEATURE_UNKNOWN")) << text;
  }
  EXPECT_THAT(ParseFeature(ThreeDigits(v1::ADD), "f", "A3.SC"), IsInvalid("TASK_DIGIT_OUT_OF_RANGE"));
  EXPECT_THAT(ParseFeature(ThreeDigits(v1::SUB), "f", "A2.SC"), IsInvalid("TASK_NOT_APPLICABLE"));
  EXPECT_THAT(ParseFeature(ThreeDigits(v1::MUL), "f", "A2.SC"), IsInvalid("TASK_NOT_APPLICABLE"));
}

TEST(RunHasOperation_Test, RunThenWhatItAnswers) {
  const auto answers = [](v1::Operation run) {
    std::string all;
    for (const v1::Operation asked : {v1::OPERATION_UNSPECIFIED, v1::ADD, v1::SUB, v1::MUL, v1::MIX, v1::MAS}) {
      if (RunHasOperation(ThreeDigits(run), asked)) all += v1::Operation_Name(asked) + " ";
    }
    return all;
  };
  EXPECT_EQ(answers(v1::ADD), "ADD ");
  EXPECT_EQ(answers(v1::SUB), "SUB ");
  EXPECT_EQ(answers(v1::MUL), "MUL ");
  EXPECT_EQ(answers(v1::MIX), "ADD SUB MIX ");
  EXPECT_EQ(answers(v1::MAS), "ADD SUB MUL MIX ");
}

}  // namespace
}  // namespace sumscope
