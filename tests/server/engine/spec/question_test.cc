#include "server/engine/spec/question.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "tests/server/engine/reason_of.h"

namespace sumscope::engine {
namespace {

std::string Padded(int64_t value, int digits) {
  char text[40];
  std::snprintf(text, sizeof(text), "%0*lld", digits, static_cast<long long>(value));
  return text;
}

TEST(Question_Test, GivenRandomOperandsThenAnswersAreThoseOfIntegers) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const int64_t a = static_cast<int64_t>(random() % 100000000), b = static_cast<int64_t>(random() % 100000000);
    const std::string left = Padded(a, 8), right = Padded(b, 8);
    EXPECT_EQ(LineText(ParseQuestion(left + "+" + right, 8), Format::kPlain),
              left + "+" + right + "=" + Padded(a + b, 9));
    EXPECT_EQ(LineText(ParseQuestion(left + "-" + right, 8), Format::kSigned),
              left + "-" + right + "=" + (a < b ? "-" : "+") + Padded(a < b ? b - a : a - b, 9));
    const int64_t c = a % 10000, d = b % 10000;
    EXPECT_EQ(LineText(ParseQuestion(Padded(c, 8) + "*" + Padded(d, 8), 8), Format::kSigned),
              Padded(c, 8) + "*" + Padded(d, 8) + "=+" + Padded(c * d, 9));
  }
}

TEST(Question_Test, GivenTwentyDigitsThenAnswersGoBeyond64Bits) {
  EXPECT_EQ(LineText(ParseQuestion("99999999999999999999+1", 20), Format::kPlain),
            "99999999999999999999+00000000000000000001=100000000000000000000");
  EXPECT_EQ(LineText(ParseQuestion("1-99999999999999999999", 20), Format::kSigned),
            "00000000000000000001-99999999999999999999=-099999999999999999998");
}

TEST(Question_Test, GivenEqualOperandsThenTheDifferenceIsPlusZero) {
  EXPECT_EQ(LineText(ParseQuestion("007-7", 3), Format::kSigned), "007-007=+0000");
}

TEST(Question_Test, GivenShortOperandsAndSpacesThenOperandsArePadded) {
  EXPECT_EQ(QuestionText(ParseQuestion("  12 + 7 ", 5)), "00012+00007");
  EXPECT_EQ(QuestionText(ParseQuestion("0000012+7", 5)), "00012+00007");
}

TEST(Question_Test, GivenAnAnswerThenItMustBeTrue) {
  EXPECT_EQ(QuestionText(ParseQuestion("12345+67890=080235", 5)), "12345+67890");
  EXPECT_EQ(QuestionText(ParseQuestion("12345+67890=+80235", 5)), "12345+67890");
  EXPECT_EQ(QuestionText(ParseQuestion("1-3=-2", 5)), "00001-00003");
  EXPECT_EQ(ReasonOf([] { ParseQuestion("12345+67890=080236", 5); }), "WRONG_ANSWER");
  EXPECT_EQ(ReasonOf([] { ParseQuestion("1-3=2", 5); }), "WRONG_ANSWER");
  EXPECT_EQ(ReasonOf([] { ParseQuestion("1+3=x", 5); }), "BAD_QUESTION");
}

TEST(Question_Test, GivenBadTextThenEachFaultHasItsReason) {
  for (const char* text : {"", "+", "12", "12+", "+12", "1a+2", "1+2+3", "1 2+3", "1/2", "1.5+2", "=", "１+2"}) {
    EXPECT_EQ(ReasonOf([&] { ParseQuestion(text, 5); }), "BAD_QUESTION") << text;
  }
  EXPECT_EQ(ReasonOf([] { ParseQuestion("123456+1", 5); }), "OPERAND_TOO_LONG");
  EXPECT_EQ(ReasonOf([] { ParseQuestion("1+1", 1); }), "BAD_DIGITS");
  EXPECT_EQ(ReasonOf([] { ParseQuestion("1+1", 21); }), "BAD_DIGITS");
  EXPECT_EQ(ReasonOf([] { TrueAnswer(ParseQuestion("99999*99999", 5)); }), "PRODUCT_TOO_LONG");
}

}  // namespace
}  // namespace sumscope::engine
