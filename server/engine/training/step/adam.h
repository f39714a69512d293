#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ADAM_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ADAM_H_

#include <cstdint>

namespace sumscope::engine::step {

// One update of AdamW, each number in one pass: m += (g - m) * from_gradient; v = v * square_kept +
// g g * from_square; p -= p * decay + rate * m / (sqrt(v) * inverse_correction + epsilon).
template <class T>
struct AdamUpdate {
  T decay, from_gradient, square_kept, from_square, rate, inverse_correction, epsilon;
};
void Adam(const AdamUpdate<float>& update, const float* g, float* p, float* m, float* v, int64_t count);
void Adam(const AdamUpdate<double>& update, const double* g, double* p, double* m, double* v, int64_t count);

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ADAM_H_
