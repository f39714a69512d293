#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_EVALUATION_SAME_RESULTS_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_EVALUATION_SAME_RESULTS_H_

#include <gtest/gtest.h>

#include "server/engine/probing/evaluation/evaluate.h"

namespace sumscope::engine {

inline EvaluateResult ByForward(const Model& model, const QuestionSource& questions,
                                const EvaluateRequest& request = {}) {
  return Evaluate(model, questions, request, nullptr, AnswerBy::kForwardPass);
}

// The loss sums over logits of float32 arithmetic in another order.
inline void ExpectSameLoss(const Tally& left, const Tally& right) {
  EXPECT_EQ(left.loss_count, right.loss_count);
  if (right.loss_count == 0) return;
  EXPECT_NEAR(left.loss, right.loss, 1e-6 + 1e-5 * right.loss);
}

// Every count of both, and with `losses` every loss.
inline void ExpectSame(const EvaluateResult& left, const EvaluateResult& right, bool losses) {
  const auto same = [&](const Tally& a, const Tally& b) {
    EXPECT_EQ(a.count, b.count);
    EXPECT_EQ(a.correct, b.correct);
    if (losses) ExpectSameLoss(a, b);
  };
  same(left.exact, right.exact);
  ASSERT_EQ(left.digits.size(), right.digits.size());
  for (size_t i = 0; i < left.digits.size(); ++i) same(left.digits[i].tally, right.digits[i].tally);
  ASSERT_EQ(left.classes.size(), right.classes.size());
  for (size_t i = 0; i < left.classes.size(); ++i) same(left.classes[i].tally, right.classes[i].tally);
  ASSERT_EQ(left.cells.size(), right.cells.size());
  for (size_t i = 0; i < left.cells.size(); ++i) {
    same(left.cells[i].tally, right.cells[i].tally);
    for (size_t c = 0; c < left.cells[i].by_column.size(); ++c) {
      same(left.cells[i].by_column[c], right.cells[i].by_column[c]);
    }
  }
  ASSERT_EQ(left.cascades.size(), right.cascades.size());
  for (size_t i = 0; i < left.cascades.size(); ++i) same(left.cascades[i].tally, right.cascades[i].tally);
  EXPECT_EQ(left.near_ties, right.near_ties);
  same(left.generated_sample.exact, right.generated_sample.exact);
  for (size_t i = 0; i < left.generated_sample.digits.size(); ++i) {
    same(left.generated_sample.digits[i].tally, right.generated_sample.digits[i].tally);
  }
  EXPECT_EQ(left.generated_sample.agrees_with_forced, right.generated_sample.agrees_with_forced);
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_EVALUATION_SAME_RESULTS_H_
