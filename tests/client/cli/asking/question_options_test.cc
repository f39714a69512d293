#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "proto/contract/errors/errors.h"
#include "tests/client/cli/fixtures.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class QuestionOptions_Test : public CommandFixture {};

// The server counts questions: comments and blank lines of the file made it name another line.
TEST_F(QuestionOptions_Test, WhenAQuestionOfAFileIsRefusedThenItsLineIsNamed) {
  const std::string path = directory_.path() + "/q.txt";
  std::ofstream(path) << "# mine\n1+2\n\n123456+1\n";
  server_.refuse_create = MakeError(absl::StatusCode::kInvalidArgument, "QUESTION_INVALID", "question 2 \"123456+1\"");
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "file:" + path}), 2);
  EXPECT_THAT(Err(), HasSubstr("q.txt line 4: \"123456+1\" has an operand of more than the run's 5 digits"));
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "uniform:5"}), 2);
  EXPECT_THAT(Err(), HasSubstr("question 2"));
}

// "expected .. or mas" led to an error that named no way out.
TEST_F(QuestionOptions_Test, WhenAnOperationIsNoneOfQuestionsThenThoseThatAreAreNamed) {
  for (const char* operation : {"foo", "mas"}) {
    EXPECT_EQ(Run({"probe", "r7", "evaluate", "--operation", operation}), 2);
    EXPECT_THAT(Err(), HasSubstr("expected add, sub, mul or mix"));
  }
}

TEST_F(QuestionOptions_Test, WhenAListIsLongThenItIsUploadedAndNamedByItsHash) {
  const std::string path = directory_.path() + "/long.txt";
  {
    std::ofstream file(path);
    for (int i = 0; i < 100'001; ++i) file << "1+2\n";
  }
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "file:" + path, "-q"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::UploadQuestionSetHeader>().n_digits(), 5u);
  EXPECT_EQ(server_.questions.size(), 400'004u);
  const auto request = server_.LastRequest<v1::CreateAnalysisRequest>();
  EXPECT_EQ(request.question_set().uploaded().sha256().size(), 64u);
}

// Tables print the first 12 digits of an uploaded list's hash, which could not be typed back.
TEST_F(QuestionOptions_Test, WhenTheBeginningOfAHashIsGivenThenItIsCompleted) {
  const std::string begin = "c81908c7c280";
  server_.question_sets = {begin + std::string(52, 'a'), begin + std::string(51, 'a') + "b", std::string(64, '1')};
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "sha256:111111111111", "-q"}), 0);
  EXPECT_EQ(server_.LastRequest<v1::CreateAnalysisRequest>().question_set().uploaded().sha256(), std::string(64, '1'));
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "sha256:" + begin}), 2);
  EXPECT_THAT(Err(), HasSubstr("QUESTION_SET_AMBIGUOUS"));
  EXPECT_EQ(Run({"probe", "--runs", "x", "evaluate", "--questions", "sha256:222222222222"}), 3);
  EXPECT_THAT(Err(), HasSubstr("QUESTION_SET_NOT_FOUND"));
  EXPECT_EQ(Run({"probe", "r7", "evaluate", "--questions", "sha256:1111"}), 2);
}

// "upload it first" was said of a list that was asked before in a request, and there is no way to upload such a one.
TEST_F(QuestionOptions_Test, WhenAListIsNotStoredThenItIsSaidWhichAreAndWhatToAsk) {
  const std::string hash = "sha256:" + std::string(64, '2');
  server_.refuse_create = MakeError(absl::StatusCode::kNotFound, "QUESTION_SET_NOT_FOUND",
                                    "there is no question set \"2\"; upload it first");
  for (const std::vector<std::string>& run : {std::vector<std::string>{"r7"}, {"--runs", "x"}}) {
    std::vector<std::string> command = {"probe"};
    command.insert(command.end(), run.begin(), run.end());
    command.insert(command.end(), {"evaluate", "--questions", hash});
    EXPECT_EQ(Run(command), 3);
    EXPECT_THAT(Err(), HasSubstr("only lists of more than 100000 questions"));
    EXPECT_THAT(Err(), HasSubstr("file:PATH"));
    EXPECT_THAT(Err(), Not(HasSubstr("upload it first")));
  }
}

}  // namespace
}  // namespace sumscope::client
