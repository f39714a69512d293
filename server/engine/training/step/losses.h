#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LOSSES_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LOSSES_H_

#include <cstdint>

namespace sumscope::engine::step {

inline constexpr int64_t kMostTokens = 16;  // of a vocabulary

// Of each row of logits [rows, d_vocab], with `bias` added, the loss -log p(truth[row]), and its gradient
// (p - 1 at the truth) / rows. In float64 within.
template <class T>
struct LossRows {
  const T* logits;
  const T* bias;
  const int64_t* truth;
  T* gradient;
  double* loss;
};
void Losses(const LossRows<float>& at, int64_t rows, int64_t d_vocab);
void Losses(const LossRows<double>& at, int64_t rows, int64_t d_vocab);

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LOSSES_H_
