#include "proto/contract/questions/question_classes.h"

#include <algorithm>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace sumscope {
namespace {

using Digits = std::vector<int>;  // units first

// Science.md section 4 word for word, over one question.
std::string Classify(const Digits& a, const Digits& b, v1::Operation operation) {
  const int n = static_cast<int>(a.size());
  const bool negative = std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  int top = n - 1;  // the highest non-zero column
  while (top > 0 && a[top] == 0 && b[top] == 0) --top;
  int chain = -1;  // the longest chain behind a carry or borrow column; -1 without one
  for (int i = 0; i < n; ++i) {
    if (operation == v1::ADD ? a[i] + b[i] < 10 : a[i] >= b[i]) continue;
    int length = 0;
    for (int j = i + 1; j < n && (operation == v1::ADD ? a[j] + b[j] == 9 : a[j] == b[j]); ++j) {
      if (operation == v1::SUB && negative && j > top) break;
      ++length;
    }
    chain = std::max(chain, length);
  }
  const int most = operation == v1::ADD ? 5 : 4;
  const int number = chain < 0 ? 0 : std::min(chain + 1, most);
  return (operation == v1::ADD ? "S"
          : negative           ? "N"
                               : "M") +
         std::to_string(number) + (operation == v1::SUB && number == 4 ? "+" : "");
}

// Every question over these digits.
std::set<std::string> ClassesSeen(int n, const Digits& digits, v1::Operation operation) {
  std::set<std::string> seen;
  std::vector<size_t> choice(2 * n, 0);
  for (;;) {
    Digits a(n), b(n);
    for (int i = 0; i < n; ++i) {
      a[i] = digits[choice[i]];
      b[i] = digits[choice[n + i]];
    }
    seen.insert(Classify(a, b, operation));
    size_t place = 0;
    while (place < choice.size() && ++choice[place] == digits.size()) choice[place++] = 0;
    if (place == choice.size()) return seen;
  }
}

std::set<std::string> ClassesSaid(uint32_t n, v1::Operation operation) {
  std::set<std::string> said;
  for (const QuestionClassInfo& info : QuestionClasses()) {
    if (info.operation == operation && info.min_digits <= n) said.insert(std::string(info.name));
  }
  EXPECT_EQ(said.size(), CountQuestionClasses(operation, n));
  return said;
}

TEST(QuestionClasses_Test, EveryQuestionOfTwoDigitsThenTheClassesSaid) {
  const Digits all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(ClassesSeen(2, all, v1::ADD), ClassesSaid(2, v1::ADD));
  EXPECT_EQ(ClassesSeen(2, all, v1::SUB), ClassesSaid(2, v1::SUB));
}

TEST(QuestionClasses_Test, EveryKindOfColumnThenTheClassesSaid) {
  // Sums below, at and above 9; columns above, below, equal, and equal but zero.
  for (int n = 2; n <= 6; ++n) {
    EXPECT_EQ(ClassesSeen(n, {0, 9}, v1::ADD), ClassesSaid(n, v1::ADD)) << n;
    EXPECT_EQ(ClassesSeen(n, {0, 1}, v1::SUB), ClassesSaid(n, v1::SUB)) << n;
  }
}

TEST(QuestionClasses_Test, NameThenFound) {
  EXPECT_EQ(FindQuestionClass("S3")->operation, v1::ADD);
  EXPECT_EQ(FindQuestionClass("M4")->name, "M4+");
  EXPECT_EQ(FindQuestionClass("N4+")->name, "N4+");
  for (const char* name : {"", "S6", "s3", "S3 ", "M5", "N0", "S5+"})
    EXPECT_EQ(FindQuestionClass(name), nullptr) << name;
}

}  // namespace
}  // namespace sumscope
