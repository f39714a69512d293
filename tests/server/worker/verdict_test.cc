// The verdict on adders whose look-back is known by construction.
#include "server/worker/analyses/verdict.h"

#include <gtest/gtest.h>

#include "tests/server/engine/probing/arithmetic/look_back_adder.h"

namespace sumscope::worker {
namespace {

constexpr uint32_t kPerCell = 400;

TEST(Judge_Test, GivenAddersOfAnyLookBackThenEachDigitHasItsKAndIsExactWhenItSeesAll) {
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
        EXPECT_EQ(verdict.exact(), own >= digit.digit) << verdict.digit();
      }
    }
  }
}

TEST(Judge_Test, GivenCountsThenKIsTheLeadingLengthsWhoseBoundLiesAboveAHalf) {
  // Of 100 questions the lower bounds (Clopper-Pearson, 95 %) of 84 and 83 right are kappa 0.506 and 0.484.
  engine::LookBackDigit digit{4, {100, 84, 83, 100}};
  sumscope::v1::LookBackDigit verdict = Judge(digit, 100);
  EXPECT_GT(verdict.kappa_lower(1), 0.5);
  EXPECT_LT(verdict.kappa_lower(2), 0.5);
  EXPECT_EQ(verdict.k(), 2u);
  EXPECT_FALSE(verdict.exact());
  EXPECT_DOUBLE_EQ(verdict.kappa(1), 0.68);
  digit.right[2] = 100;
  verdict = Judge(digit, 100);
  EXPECT_EQ(verdict.k(), 4u);
  EXPECT_TRUE(verdict.exact());
}

}  // namespace
}  // namespace sumscope::worker
