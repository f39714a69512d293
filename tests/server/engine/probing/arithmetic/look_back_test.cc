// The look-back adders and the verdict on them; floors beside tests/oracles/addition_theory.tsv.
#include "server/engine/probing/arithmetic/look_back.h"

#include <gtest/gtest.h>

#include "server/engine/probing/evaluation/cascades.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/probing/arithmetic/look_back_adder.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

// A look-back-k digit is right on every question whose deciding column it sees, and by chance on the others.
void ExpectVerdict(const std::vector<LookBackDigit>& digits, const std::vector<int>& k, uint32_t per_cell) {
  for (const LookBackDigit& digit : digits) {
    for (int m = 0; m < digit.digit; ++m) {
      const double share = static_cast<double>(digit.right[static_cast<size_t>(m)]) / per_cell;
      if (m < k[static_cast<size_t>(digit.digit)]) {
        EXPECT_EQ(share, 1) << "A" << digit.digit << " m " << m;
      } else {
        EXPECT_NEAR(share, 0.5, 5 * 0.5 / std::sqrt(per_cell)) << "A" << digit.digit << " m " << m;
      }
    }
  }
}

TEST(LookBackVerdict_Test, GivenLookBackAddersThenEachIsSeenAsFarAsItLooks) {
  constexpr uint32_t kPerCell = 400;
  const Encoding encoding(5, Format::kSigned);
  for (const std::vector<int>& k : FiveDigitAdders()) {
    ExpectVerdict(LookBackVerdict(Adder(encoding, k), encoding, Operation::kAdd, false, kPerCell, 1), k, kPerCell);
    for (const bool exchanged : {false, true}) {
      ExpectVerdict(LookBackVerdict(Adder(encoding, k), encoding, Operation::kSub, exchanged, kPerCell, 1), k,
                    kPerCell);
    }
  }
}

TEST(LookBackAnswer_Test, GivenEnoughColumnsThenItIsExactAndErrsOnLongCascadesOnly) {
  for (const Operation operation : {Operation::kAdd, Operation::kSub}) {
    Questions questions;
    UniformSource(operation, 6, 3000, 4)->Fill(0, 3000, &questions);
    for (const Question& question : questions) {
      const std::string truth = AnswerText(TrueAnswer(question), 6, Format::kSigned);
      EXPECT_EQ(AnswerText(LookBackAnswer(question, 6), 6, Format::kSigned), truth);
      const Columns columns = ColumnsOf(question);
      int longest = -1;
      for (size_t i = 0; i <= 6; ++i) longest = std::max(longest, static_cast<int>(columns.length[i]));
      for (int k = 0; k < 6; ++k) {
        const bool right = AnswerText(LookBackAnswer(question, k), 6, Format::kSigned) == truth;
        EXPECT_EQ(right, longest < k) << QuestionText(question) << " k " << k;
      }
    }
  }
}

TEST(OtherDigit_Test, GivenQuestionsThenItIsTheDigitOfTheOtherCarryWordByWord) {
  const auto other = [](const char* question, int i) { return OtherDigit(ParseQuestion(question, 3), i); };
  EXPECT_EQ(other("199+001", 2), 1);  // 200: with no carry 1
  EXPECT_EQ(other("198+001", 2), 2);  // 199: with one 2
  EXPECT_EQ(other("899+001", 2), 8);  // 900
  EXPECT_EQ(other("900+099", 3), 1);  // 0999
  EXPECT_EQ(other("999+001", 3), 0);  // 1000
  EXPECT_EQ(other("999+001", 2), 9);  // 1000: 9 without the carry
  EXPECT_EQ(other("300-111", 2), 2);  // 189: 3-1 less a borrow is 1; without it 2
  EXPECT_EQ(other("322-111", 2), 1);  // 211: with a borrow 1
  EXPECT_EQ(other("111-322", 2), 1);  // of a < b the borrows of b-a
  EXPECT_EQ(other("305-301", 1), 9);  // 004: with a borrow 9
  EXPECT_THROW(other("003*004", 1), Error);
}

TEST(LookBackAnswer_Test, GivenAProductThenItIsRefused) {
  EXPECT_THROW(LookBackAnswer(ParseQuestion("003*004", 3), 2), Error);
}

TEST(BayesFloor_Test, GivenEveryNAndKThenTheTheoryFileAgrees) {
  const auto rows = testing::ReadOracleTable("addition_theory.tsv");
  size_t compared = 0;
  for (const auto& row : rows) {
    const bool forced = row.at("quantity") == "bayes_floor_lookback_forced";
    if (!forced && row.at("quantity") != "bayes_floor_lookback") continue;
    const int n = std::stoi(row.at("n"));
    const std::vector<int> k(static_cast<size_t>(n) + 1, std::stoi(row.at("k")));
    const double floor = std::stod(row.at("value"));
    EXPECT_NEAR(BayesFloor(n, n + 1, k, forced), floor, 1e-12 + 1e-6 * floor) << n << " " << row.at("k");
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

TEST(BayesFloor_Test, GivenThePublishedAlgorithmAtFiveDigitsThenTheFloorsAreTheQuotedOnes) {
  const std::vector<int> two(6, 2);
  EXPECT_NEAR(BayesFloor(5, 6, two, false), 0.003457, 5e-7);
  EXPECT_NEAR(BayesFloor(5, 6, two, true), 0.003227, 5e-7);
  EXPECT_EQ(BayesFloor(5, 6, std::vector<int>(6, 5), true), 0);
}

}  // namespace
}  // namespace sumscope::engine
