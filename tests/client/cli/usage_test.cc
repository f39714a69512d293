// What is refused before it is sent, and how what the server refuses is told.
#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/questions/question_sets.h"
#include "gmock/gmock.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Usage_Test : public CommandFixture {};

// It was said to have come after "--".
TEST_F(Usage_Test, WhenACommandIsEmptyThenItIsNoCommand) {
  EXPECT_EQ(Run({""}), 2);
  EXPECT_THAT(Err(), HasSubstr("sumscope has no command \"\""));
}

// Errors named fields of the API that nobody had typed.
TEST_F(Usage_Test, WhenAFieldIsWrongThenItsFlagIsNamed) {
  const std::vector<std::array<const char*, 3>> kCases = {
      {"request.evaluate.worst_count", "worst_count is 5000; expected 0 to 1000",
       "--worst is 5000; expected 0 to 1000"},
      {"question_set.uniform.count", "question_set.uniform.count is 0; expected 1 to 9",
       "--questions: count is 0; expected 1 to 9"},
      {"question_set.list.questions", "question_set.list.questions is 9; expected 1 to 2",
       "--questions is 9; expected 1 to 2"},
      {"question_set", "phases asks no questions: leave question_set empty",
       "phases asks no questions: leave --questions empty"},
      {"question_set.operation", "is one of SUB: leave question_set.operation unset",
       "is one of SUB: leave --operation unset"},
      {"question_set.tricase.digit", "digit is 9; expected 0 to 2", "--questions: digit is 9; expected 0 to 2"},
      {"request.phases.window", "window is 0 steps; expected 1 to 9", "--window is 0 steps; expected 1 to 9"},
      {"request.pca.digit", "the digit of this is wrong", "the digit of this is wrong"},
      {"order_by", "cannot order by \"order_by\"; order_by takes one field",
       "cannot order by \"order_by\"; --sort-by takes one field"},
      {"order_by", "cannot order by \"a\\\" order_by\"; give one order_by",
       "cannot order by \"a\\\" order_by\"; give one --sort-by"},
      {"filter", "filter, column 3: unknown field", "--filter, column 3: unknown field"},
      {"spec.d_model", "d_model is 0; expected 1 to 9", "d_model is 0; expected 1 to 9"}};
  for (const auto& [field, message, told] : kCases) {
    server_.errors = {InvalidField("SOME_REASON", field, message)};
    EXPECT_EQ(Run({"runs", "show", "r1"}), 2);
    EXPECT_EQ(Err(), absl::StrCat("error: ", told, " [SOME_REASON]\n"));
  }
  server_.errors = {MakeError(absl::StatusCode::kInternal, "SOME_REASON", "window is 0")};
  EXPECT_EQ(Run({"runs", "show", "r1"}), 1);
  EXPECT_EQ(Err(), "error: window is 0 [SOME_REASON]\n");
}

// The digit of tricase:D9:3 was told as that of a flag --digit, which the command does not have.
TEST_F(Usage_Test, WhenAQuestionSetIsWrongThenWhatTheServerSaysNamesQuestions) {
  v1::TrainSpec spec = CompleteSpec({});
  spec.set_n_digits(3);
  const auto told = [&](const std::string& text) {
    v1::QuestionSet questions = ParseQuestionSet(text, v1::ADD, {&sleeper_, &cancellation_}).value();
    v1::AnalysisRequest request;
    request.mutable_evaluate();
    server_.errors = {CompleteAnalysis(spec, &request, &questions)};
    EXPECT_EQ(Run({"runs", "show", "r1"}), 2) << text;
    return Err();
  };
  EXPECT_THAT(told("tricase:D9:3"), StartsWith("error: --questions: digit is 9; expected 0 to 2 ["));
  EXPECT_THAT(told("tricase:D1:0"), StartsWith("error: --questions: count_per_case is 0; expected 1 to "));
  EXPECT_THAT(told("uniform:0"), StartsWith("error: --questions: count is 0; expected 1 to "));
  EXPECT_THAT(told("class:S1:0"), StartsWith("error: --questions: count is 0; expected 1 to "));
  EXPECT_THAT(told("stratified:0"), StartsWith("error: --questions: count_per_class is 0; expected 1 to "));
}

// A filter of nothing asked every run, and "no run is  [NO_RESULTS]" was said where there was none.
TEST_F(Usage_Test, WhenAFilterOfManyRunsIsEmptyThenItIsRefused) {
  for (const char* empty : {"", "  "}) {
    EXPECT_EQ(Run({"probe", "--runs", empty, "evaluate"}), 2);
    EXPECT_THAT(Err(), HasSubstr("--runs"));
  }
  EXPECT_THAT(server_.calls(), ElementsAre());
}

// A request with such text failed within gRPC, and "no server answers" was the message.
TEST_F(Usage_Test, WhenAnArgumentIsNotUtf8ThenItIsRefusedBeforeAnyCall) {
  const std::vector<std::vector<std::string>> kCases = {{"runs", "label", "r1", "k=\xff\xfe"},
                                                        {"runs", "list", "--filter", "\xff"},
                                                        {"probe", "r\xff", "evaluate"},
                                                        {"probe", "r1", "evaluate", "--questions", "class:\xff:5"}};
  for (const auto& arguments : kCases) {
    EXPECT_EQ(Run(arguments), 2);
    EXPECT_THAT(Err(), HasSubstr("[ARGUMENT_NOT_UTF8]"));
  }
  EXPECT_THAT(server_.calls(), ElementsAre());
  EXPECT_EQ(Run({"runs", "list", "-q", "--out", directory_.path() + "/\xff"}), 0);
}

// An unset variable of a script was the default: all questions, the standard output.
TEST_F(Usage_Test, WhenAnOptionIsEmptyThenItIsRefused) {
  const std::vector<std::vector<std::string>> kCases = {{"probe", "r7", "evaluate", "--questions", ""},
                                                        {"runs", "list", "--out", ""},
                                                        {"train", "add_d5_l1_h3", "--run-id", ""},
                                                        {"train", "add_d5_l1_h3", "--label", ""}};
  for (const auto& arguments : kCases) {
    EXPECT_EQ(Run(arguments), 2);
    EXPECT_THAT(Err(), HasSubstr(absl::StrCat(arguments[arguments.size() - 2], " is empty")));
  }
  // "--hooks: --hooks is empty; leave it out for its default", and without it "--hooks is required".
  EXPECT_EQ(Run({"capture", "r7", "--hooks", ""}), 2);
  EXPECT_THAT(Err(), StartsWith("error: --hooks is empty; it takes a hook's name or a pattern"));
  EXPECT_THAT(server_.calls(), ElementsAre());
  EXPECT_EQ(Run({"runs", "list", "--filter", ""}), 0) << "all";
}

}  // namespace
}  // namespace sumscope::client
