#include "server/rpc/questions/question_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/text/sha256.h"

namespace sumscope::rpc {
namespace {

using testing::HasSubstr;

TEST(QuestionText_Test, TextIsNormalisedWhereverItIsCut) {
  const std::string text = "# a list\n12+7\r\n\n  999-1\n0*0";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    QuestionText questions(3);
    for (size_t at = 0; at < text.size(); at += piece) ASSERT_TRUE(questions.Append(text.substr(at, piece)).ok());
    ASSERT_TRUE(questions.Finish().ok());
    EXPECT_EQ(questions.text(), "012+007\n999-001\n000*000\n") << piece;
    EXPECT_EQ(questions.question_set().sha256(), Sha256Hex("012+007\n999-001\n000*000\n"));
    EXPECT_EQ(questions.question_set().count(), 3u);
    EXPECT_EQ(questions.question_set().additions(), 1u);
    EXPECT_EQ(questions.question_set().subtractions(), 1u);
    EXPECT_EQ(questions.question_set().products(), 1u);
  }
}

TEST(QuestionText_Test, BadLineIsNamed) {
  for (const char* bad : {"12", "1+", "+1", "1+2+3", "1/2", "1 + 2", "1234+5", "-1+2", "1+2=3"}) {
    QuestionText questions(3);
    const absl::Status status = questions.Append(std::string("1+2\n# x\n") + bad + "\n");
    EXPECT_EQ(ErrorReason(status), "QUESTION_INVALID") << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 3")) << bad;
  }
  QuestionText questions(3);
  EXPECT_EQ(ErrorReason(questions.Append(std::string(5000, '1'))), "QUESTION_INVALID");
}

// How the text was cut decided what it said.
TEST(QuestionText_Test, LongLineIsRefusedWhereverItIsCut) {
  const std::string text = "1+2" + std::string(5000, ' ') + "\n";
  for (const size_t cut : {size_t{1}, size_t{4500}, text.size()}) {
    QuestionText questions(3);
    const absl::Status first = questions.Append(text.substr(0, cut));
    const absl::Status status = first.ok() ? questions.Append(text.substr(cut)) : first;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 1")) << cut;
    EXPECT_THAT(std::string(status.message()), HasSubstr("is longer than 4096 bytes")) << cut;
  }
}

TEST(QuestionText_Test, NoQuestionAndTooManyAreRefused) {
  QuestionText none(3);
  ASSERT_TRUE(none.Append("# nothing\n\n").ok());
  EXPECT_EQ(ErrorReason(none.Finish()), "EMPTY_QUESTION_SET");

  QuestionText many(2);
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += "1+2\n";
  for (uint32_t i = 0; i < kMaxUploadedQuestions / 1000; ++i) ASSERT_TRUE(many.Append(thousand).ok());
  EXPECT_EQ(ErrorReason(many.Append("1+2\n")), "QUESTIONS_OUT_OF_RANGE");
}

TEST(QuestionText_Test, TooManyBytesAreRefused) {
  QuestionText questions(2);
  const std::string blank(1 << 20, '\n');
  for (uint64_t i = 0; i < kMaxUploadedQuestionBytes >> 20; ++i) ASSERT_TRUE(questions.Append(blank).ok());
  EXPECT_EQ(ErrorReason(questions.Append("\n")), "QUESTIONS_OUT_OF_RANGE");
}

TEST(CheckUploadedQuestions_Test, DigitsAndOperationsMustBeThoseOfTheRun) {
  const auto reason = [](v1::Operation operation, uint32_t digits, uint32_t add, uint32_t sub, uint32_t mul) {
    v1::TrainSpec spec;
    spec.set_operation(operation);
    spec.set_n_digits(5);
    v1::UploadedQuestionSet set;
    set.set_n_digits(digits);
    set.set_additions(add);
    set.set_subtractions(sub);
    set.set_products(mul);
    return ErrorReason(CheckUploadedQuestions(CompleteSpec(spec), set));
  };
  EXPECT_EQ(reason(v1::ADD, 5, 1, 0, 0), "");
  EXPECT_EQ(reason(v1::ADD, 6, 1, 0, 0), "WRONG_DIGITS");
  EXPECT_EQ(reason(v1::ADD, 5, 1, 1, 0), "OPERATION_NOT_OF_RUN");
  EXPECT_EQ(reason(v1::SUB, 5, 0, 1, 0), "");
  EXPECT_EQ(reason(v1::SUB, 5, 1, 0, 0), "OPERATION_NOT_OF_RUN");
  EXPECT_EQ(reason(v1::MUL, 5, 0, 0, 1), "");
  EXPECT_EQ(reason(v1::MIX, 5, 1, 1, 0), "");
  EXPECT_EQ(reason(v1::MIX, 5, 1, 1, 1), "OPERATION_NOT_OF_RUN");
  EXPECT_EQ(reason(v1::MAS, 5, 1, 1, 1), "");
}

}  // namespace
}  // namespace sumscope::rpc
