#include "server/engine/data/classes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "server/engine/data/generator.h"
#include "server/engine/runtime/error.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

// tests/oracles/question_classes.tsv: the published classifier, every line equal.
TEST(Classes_Test, GivenThePublishedClassifiersQuestionsThenItsClasses) {
  int lines = 0;
  for (const auto& row : testing::ReadOracleTable("question_classes.tsv")) {
    const Question question = ParseQuestion(row.at("question"), std::stoi(row.at("n_digits")));
    EXPECT_EQ(Classify(question), ParseClass(row.at("class"))) << row.at("question");
    ++lines;
  }
  EXPECT_GT(lines, 3000);
}

// tests/oracles/addition_theory.tsv, class_probability_*: 12 significant digits.
TEST(Classes_Test, GivenEveryNThenSharesAreTheTheorys) {
  int compared = 0;
  for (const auto& row : testing::ReadOracleTable("addition_theory.tsv")) {
    const std::string prefix = "class_probability_";
    if (row.at("quantity").rfind(prefix, 0) != 0) continue;
    const double expected = std::stod(row.at("value"));
    const QuestionClass question_class = ParseClass(row.at("quantity").substr(prefix.size()));
    EXPECT_NEAR(ClassShare(question_class, std::stoi(row.at("n"))), expected, 1e-11 * expected) << row.at("n");
    ++compared;
  }
  EXPECT_EQ(compared, 6 * 19);
}

TEST(Classes_Test, GivenAllQuestionsOfThreeDigitsThenSharesAreTheirCounts) {
  for (const Operation op : {Operation::kAdd, Operation::kSub}) {
    std::map<QuestionClass, int> counts;
    for (int i = 0; i < 1000000; ++i) {
      Question question;
      question.op = op;
      question.n = 3;
      for (int d = 0, left = i; d < 3; ++d, left /= 100) {
        question.a[d] = static_cast<uint8_t>(left % 10);
        question.b[d] = static_cast<uint8_t>(left / 10 % 10);
      }
      ++counts[Classify(question)];
    }
    for (int c = 0; c < kQuestionClasses; ++c) {
      const auto question_class = static_cast<QuestionClass>(c);
      if (ClassOperation(question_class) != op) continue;
      EXPECT_NEAR(ClassShare(question_class, 3), counts[question_class] / 1e6, 1e-12) << ClassName(question_class);
    }
  }
}

// The bar is 5 standard errors of each share at 1e6 uniform questions; tests/oracles/addition_theory.tsv.
TEST(Classes_Test, GivenAMillionUniformQuestionsThenClassSharesAgreeWithTheory) {
  constexpr uint64_t kCount = 1000000;
  const auto source = UniformSource(Operation::kAdd, 5, kCount, 12);
  std::map<std::string, double> counts;
  Questions questions;
  for (uint64_t first = 0; first < kCount; first += 10000) {
    source->Fill(first, 10000, &questions);
    for (const Question& question : questions) ++counts[ClassName(Classify(question))];
  }
  for (const auto& row : testing::ReadOracleTable("addition_theory.tsv")) {
    const std::string prefix = "class_probability_";
    if (row.at("n") != "5" || row.at("quantity").rfind(prefix, 0) != 0) continue;
    const double p = std::stod(row.at("value"));
    EXPECT_NEAR(counts[row.at("quantity").substr(prefix.size())] / kCount, p, 5 * std::sqrt(p * (1 - p) / kCount));
  }
}

TEST(Classes_Test, GivenNamesThenOpenClassesHaveBoth) {
  EXPECT_EQ(ParseClass("M4"), ParseClass("M4+"));
  EXPECT_EQ(ParseClass("N4"), QuestionClass::kN4);
  for (int c = 0; c < kQuestionClasses; ++c) {
    EXPECT_EQ(ParseClass(ClassName(static_cast<QuestionClass>(c))), static_cast<QuestionClass>(c));
  }
  EXPECT_THROW(ParseClass("S6"), Error);
  EXPECT_THROW(ParseClass(""), Error);
}

TEST(Classes_Test, GivenFewDigitsThenLongCascadesAreNotListed) {
  EXPECT_EQ(ClassesOf(Operation::kAdd, 2),
            (std::vector<QuestionClass>{QuestionClass::kS0, QuestionClass::kS1, QuestionClass::kS2}));
  EXPECT_EQ(ClassesOf(Operation::kAdd, 5).size(), 6u);
  EXPECT_EQ(ClassesOf(Operation::kSub, 5).size(), 9u);
}

// Each carry is found again by arithmetic on the numbers below its column.
TEST(Classes_Test, GivenRandomQuestionsThenCellsFollowFromTheTrueCarries) {
  for (const Operation op : {Operation::kAdd, Operation::kSub}) {
    Questions questions;
    UniformSource(op, 6, 3000, 5)->Fill(0, 3000, &questions);
    for (const Question& question : questions) {
      const bool exchanged = op == Operation::kSub && CompareOperands(question) < 0;
      const auto& x = exchanged ? question.b : question.a;
      const auto& y = exchanged ? question.a : question.b;
      const Columns columns = ColumnsOf(question);
      int64_t low_x = 0, low_y = 0, power = 1;
      for (int i = 0; i <= 6; ++i) {
        const bool carry = op == Operation::kAdd ? low_x + low_y >= power : low_x < low_y;
        EXPECT_EQ(columns.carry[i], carry) << QuestionText(question) << " column " << i;
        if (carry) {
          int length = 0;
          const auto passes = [&](int j) { return op == Operation::kAdd ? x[j] + y[j] == 9 : x[j] == y[j]; };
          while (passes(i - 1 - length)) ++length;
          EXPECT_EQ(columns.length[i], length);
        } else {
          EXPECT_EQ(columns.length[i], -1);
        }
        if (i == 6) break;
        const bool special = op == Operation::kAdd ? x[i] + y[i] == 9 : x[i] == y[i];
        EXPECT_EQ(columns.cell[i], !carry ? 0 : special ? 2 : 1);
        low_x += x[i] * power;
        low_y += y[i] * power;
        power *= 10;
      }
    }
  }
}

TEST(Classes_Test, GivenAProductThenClassesDoNotApply) {
  const Question question = ParseQuestion("12*34", 4);
  EXPECT_THROW(Classify(question), Error);
  EXPECT_THROW(ColumnsOf(question), Error);
  EXPECT_THROW(CellNames(Operation::kMul), Error);
  EXPECT_TRUE(ClassesOf(Operation::kMul, 4).empty());
}

}  // namespace
}  // namespace sumscope::engine
