// The verdict on adders whose look-back is known by construction.
#include "server/worker/analyses/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "proto/contract/models/look_back.h"
#include "tests/server/engine/probing/arithmetic/look_back_adder.h"

namespace sumscope::worker {
namespace {

constexpr uint32_t kPerCell = 400;

TEST(Judge_Test, GivenAddersOfAnyLookBackThenEachDigitReadsAndIsSureOfItsKAndExactWhenItSeesAll) {
  const engine::Encoding encoding(5, engine::Format::kSigned);
  const std::pair<engine::Operation, bool> kinds[] = {
      {engine::Operation::kAdd, false}, {engine::Operation::kSub, false}, {engine::Operation::kSub, true}};
  for (const std::vector<int>& k : engine::FiveDigitAdders()) {
    for (const auto& [operation, exchanged] : kinds) {
      const auto digits =
          engine::LookBackVerdict(engine::Adder(encoding, k), encoding, operation, exchanged, kPerCell, 1);
      ASSERT_EQ(digits.size(), operation == engine::Operation::kAdd ? 5u : 4u);
      for (const engine::LookBackDigit& digit : digits) {
        const sumscope::v1::LookBackDigit verdict = Judge(digit, kPerCell);
        const int own = k[static_cast<size_t>(digit.digit)];
        EXPECT_EQ(verdict.digit(), "A" + std::to_string(digit.digit));
        EXPECT_EQ(verdict.k(), static_cast<uint32_t>(std::min(own, digit.digit))) << verdict.digit();
        EXPECT_EQ(verdict.s(), verdict.k()) << verdict.digit();
        for (int m = 0; m < digit.digit; ++m) {
          EXPECT_EQ(verdict.right(m) + verdict.other(m), kPerCell) << "one of the two carries, always";
        }
        EXPECT_EQ(verdict.exact(), own >= digit.digit) << verdict.digit();
      }
    }
  }
}

TEST(Judge_Test, GivenCountsThenKIsTheLeadingLengthsWhoseBoundLiesAboveAHalf) {
  // Of 100 questions the lower bounds (Clopper-Pearson, 95 %) of 84 and 83 right are kappa 0.506 and 0.484.
  engine::LookBackDigit digit{4, {100, 84, 83, 100}, {0, 16, 17, 0}};
  sumscope::v1::LookBackDigit verdict = Judge(digit, 100);
  EXPECT_GT(verdict.kappa_lower(1), 0.5);
  EXPECT_LT(verdict.kappa_lower(2), 0.5);
  EXPECT_EQ(verdict.k(), 2u);
  EXPECT_FALSE(verdict.exact());
  EXPECT_DOUBLE_EQ(verdict.kappa(1), 0.68);
  digit.right[2] = 100;
  digit.other[2] = 0;
  verdict = Judge(digit, 100);
  EXPECT_EQ(verdict.k(), 4u);
  EXPECT_EQ(verdict.s(), 0u) << "100 questions can show no kappa above 0.93";
}

// A model with kappa 0.64 and 62 % of S3 right was called "exact".
TEST(Judge_Test, GivenKappaBetweenTheGradesThenTheDigitReadsAndIsNotSure) {
  // Of 1,000 questions the lower bounds of 984 and 985 right are kappa 0.948 and 0.950.
  engine::LookBackDigit digit{4, {1000, 985, 984, 820}, {0, 15, 16, 180}};
  sumscope::v1::LookBackDigit verdict = Judge(digit, 1000);
  EXPECT_NEAR(verdict.kappa(3), 0.64, 1e-12);
  EXPECT_EQ(verdict.k(), 4u);
  EXPECT_EQ(verdict.s(), 2u);
  EXPECT_FALSE(verdict.exact());
  digit.right = {1000, 1000, 990, 986};
  digit.other = {0, 0, 10, 14};
  verdict = Judge(digit, 1000);
  EXPECT_EQ(verdict.s(), 4u);
  EXPECT_TRUE(verdict.exact());
}

google::protobuf::RepeatedPtrField<sumscope::v1::LookBackDigit> Digits(uint32_t per_cell,
                                                                       const std::vector<engine::LookBackDigit>& from) {
  google::protobuf::RepeatedPtrField<sumscope::v1::LookBackDigit> digits;
  for (const engine::LookBackDigit& digit : from) *digits.Add() = Judge(digit, per_cell);
  return digits;
}

// `algorithm --per-cell 5` said "no" of a model that was always right: five questions cannot show it.
TEST(LookBackClause_Test, GivenQuestionsTooFewToShowItThenTheClauseIsNotTestable) {
  for (const uint32_t per_cell : {1u, 5u, 12u, 60u, 145u}) {
    const auto clause = LookBackClause("additions", Digits(per_cell, {{2, {per_cell, per_cell}, {0, 0}}}));
    EXPECT_EQ(clause.name(), "look-back.additions");
    EXPECT_FALSE(clause.testable()) << per_cell;
    EXPECT_FALSE(clause.holds()) << per_cell;
    EXPECT_EQ(clause.evidence(),
              per_cell < 13 ? "A2 too few questions to tell" : "A2 reads 2 of 2, too few questions to be sure");
  }
  const auto enough = LookBackClause("additions", Digits(146, {{2, {146, 146}, {0, 0}}}));
  EXPECT_TRUE(enough.testable() && enough.holds());
  EXPECT_EQ(enough.evidence(), "A2 exact");
}

// A few questions are enough to refute it, and those of one digit.
TEST(LookBackClause_Test, GivenAnIntervalBelowTheGradeThenTheClauseFailsWhateverTheQuestions) {
  const auto few = LookBackClause("additions", Digits(60, {{2, {60, 60}, {0, 0}}, {1, {31}, {29}}}));
  EXPECT_TRUE(few.testable());
  EXPECT_FALSE(few.holds());
  EXPECT_EQ(few.evidence(), "A2 reads 2 of 2, too few questions to be sure; A1 reads 0 of 1, not sure of all");
  const auto many = LookBackClause("additions", Digits(1000, {{1, {984}, {16}}}));
  EXPECT_TRUE(many.testable()) << "so many could have shown it";
  EXPECT_FALSE(many.holds());
}

// Of the closed form in look_back.h and the interval itself.
TEST(Judge_Test, GivenAllRightThenTheGradesAreThoseThatSoManyQuestionsCanShow) {
  for (uint32_t per_cell = 1; per_cell < 200; ++per_cell) {
    const sumscope::v1::LookBackDigit verdict = Judge({1, {per_cell}, {0}}, per_cell);
    EXPECT_EQ(verdict.k() == 1, CanShow(kReadsAbove, per_cell)) << per_cell;
    EXPECT_EQ(verdict.s() == 1, CanShow(kSureAbove, per_cell)) << per_cell;
  }
  EXPECT_TRUE(CanShow(kReadsAbove, 13) && !CanShow(kReadsAbove, 12));
  EXPECT_TRUE(CanShow(kSureAbove, 146) && !CanShow(kSureAbove, 145));
}

// Kappa of an untrained model was -0.8: what is neither digit counted as the other one.
TEST(Judge_Test, GivenAnswersThatAreNeitherThenKappaIsZeroAtChanceAndTheIntervalHoldsIt) {
  const sumscope::v1::LookBackDigit verdict = Judge({1, {104}, {97}}, 1000);
  EXPECT_NEAR(verdict.kappa(0), 0.007, 1e-12);
  EXPECT_LT(verdict.kappa_lower(0), 0);
  EXPECT_GT(verdict.kappa_upper(0), 0);
  EXPECT_EQ(verdict.k(), 0u);
}

// The interval of kappa from those of right and other, by exact sums over the trinomial.
TEST(Judge_Test, GivenAnyShareOfNeitherThenTheIntervalHoldsKappaInNinetyFivePercent) {
  constexpr uint32_t kCount = 60;
  for (const auto& [right, other] :
       {std::pair{0.1, 0.1}, {0.3, 0.3}, {0.6, 0.1}, {0.75, 0.2}, {0.5, 0.5}, {0.9, 0.1}}) {
    double covered = 0;
    for (uint32_t r = 0; r <= kCount; ++r) {
      for (uint32_t o = 0; r + o <= kCount; ++o) {
        const double neither = 1 - right - other;
        if (neither < 1e-9 && r + o < kCount) continue;
        const double log_probability = std::lgamma(kCount + 1.0) - std::lgamma(r + 1.0) - std::lgamma(o + 1.0) -
                                       std::lgamma(kCount - r - o + 1.0) + r * std::log(right) + o * std::log(other) +
                                       (neither < 1e-9 ? 0 : (kCount - r - o) * std::log(neither));
        const sumscope::v1::LookBackDigit verdict = Judge({1, {r}, {o}}, kCount);
        const double kappa = right - other;
        if (verdict.kappa_lower(0) <= kappa && kappa <= verdict.kappa_upper(0)) covered += std::exp(log_probability);
      }
    }
    EXPECT_GE(covered, 0.95) << right << " " << other;
  }
}

}  // namespace
}  // namespace sumscope::worker
