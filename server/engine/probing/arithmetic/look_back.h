#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_LOOK_BACK_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_LOOK_BACK_H_

#include <vector>

#include "server/engine/spec/question.h"

namespace sumscope::engine {

// The look-back-k adder of science.md section 5: the carry into column i is that of the first of the columns i-1, ..,
// max(i-k, 0) that does not sum to 9, and none where all do. For subtractions the same with borrows of (max, min) and
// equal digits; the sign is given. k[i] is the k of the carry into column i, i = 0..n (k[0] means nothing). Throws
// kInvalidArgument (TASK_NOT_APPLICABLE) for a product.
Answer LookBackAnswer(const Question& question, const std::vector<int>& k);
// The same k for every digit.
Answer LookBackAnswer(const Question& question, int k);

// Whether look-back-k can only guess the carry into column i: its k columns all pass a carry and there are more below.
// Never in column n of a subtraction, where nothing is left to borrow from.
bool CutShort(const Question& question, int i, int k);

// What A_i would be if the carry (borrow) into column i were the other one, all else right. `i` is 1 .. n of an
// addition, 1 .. n-1 of a subtraction. Throws as LookBackAnswer does.
int OtherDigit(const Question& question, int i);

// Probability of a carry into column `column` of a uniform addition.
double CarryProbability(int column);

// The best possible expected loss, in nats per answer token, of an adder of n digits that looks back k[i] columns for
// the carry into column i (science.md section 5, "Bayes floor"). `forced`: with the true answer in the input, which
// tells the carry where a column sums to 9.
double BayesFloor(int n, int n_answer, const std::vector<int>& k, bool forced);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_ARITHMETIC_LOOK_BACK_H_
