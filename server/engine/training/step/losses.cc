#include "server/engine/training/step/losses.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/engine/training/step/exponentials.h"

namespace sumscope::engine::step {
namespace {

// row = e^(row - most), whose sum it returns.
SUMSCOPE_WIDE_INLINE double ExpSum(double* row, double most) {
  Vector<double> sum = {};
  for (int64_t i = 0; i < kMostTokens; i += Lanes<double>::kCount) {
    Vector<double> x = At(row + i) - most;
    Exponential(&x);
    At(row + i) = x;
    sum += x;
  }
  return Total<double>(sum);
}

template <class T>
SUMSCOPE_WIDE_INLINE void LossesAny(const LossRows<T>& at, int64_t rows, int64_t d_vocab) {
  double logit[kMostTokens];
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t t = d_vocab; t < kMostTokens; ++t) logit[t] = -std::numeric_limits<double>::infinity();
    const T* const row = at.logits + r * d_vocab;
    T* const gradient = at.gradient + r * d_vocab;
    for (int64_t t = 0; t < d_vocab; ++t) logit[t] = static_cast<double>(row[t] + at.bias[t]);
    double most = logit[0];
    for (int64_t t = 1; t < d_vocab; ++t) most = std::max(most, logit[t]);
    const double true_logit = logit[at.truth[r]], sum = ExpSum(logit, most);
    at.loss[r] = std::log(sum) + most - true_logit;
    const double share = 1 / (sum * static_cast<double>(rows));
    for (int64_t t = 0; t < d_vocab; ++t) gradient[t] = static_cast<T>(logit[t] * share);
    gradient[at.truth[r]] = static_cast<T>((logit[at.truth[r]] / sum - 1) / static_cast<double>(rows));
  }
}

}  // namespace

// A function with clones for several machines cannot be a template.
SUMSCOPE_WIDE void Losses(const LossRows<float>& at, int64_t rows, int64_t d_vocab) { LossesAny(at, rows, d_vocab); }
SUMSCOPE_WIDE void Losses(const LossRows<double>& at, int64_t rows, int64_t d_vocab) { LossesAny(at, rows, d_vocab); }

}  // namespace sumscope::engine::step
