#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_EXPONENTIALS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_EXPONENTIALS_H_

#include <cstdint>

#include "server/engine/training/step/lanes.h"

namespace sumscope::engine::step {

// e^x of each lane for x <= 0, to 2 units in the last place: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]. Below -87
// in float32 and -708 in float64 as at these, nothing beside the 1 of the largest. NaN stays.
SUMSCOPE_WIDE_INLINE void Exponential(Vector<float>* lanes) {
  typedef int32_t Integers __attribute__((vector_size(64)));
  constexpr float kLeast = -87, kRound = 12582912;  // 1.5 * 2^23: what is added to it loses its fraction
  Vector<float> x = *lanes;
  x = x < kLeast ? Vector<float>{} + kLeast : x;
  const Vector<float> n = (x * 1.44269504F + kRound) - kRound;
  const Vector<float> r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Vector<float> y = r * 1.9875691500e-4F + 1.3981999507e-3F;  // Cephes' expf
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  y = y * (r * r) + r + 1.0F;
  const Integers power = (__builtin_convertvector(n, Integers) + 127) << 23;
  *lanes = y * reinterpret_cast<const Vector<float>&>(power);
}

SUMSCOPE_WIDE_INLINE void Exponential(Vector<double>* lanes) {
  typedef int64_t Integers __attribute__((vector_size(64)));
  constexpr double kLeast = -708, kRound = 6755399441055744;  // 1.5 * 2^52
  // 1 / i! for i = 13 .. 1: Taylor's series, whose next term is below 1e-17.
  constexpr double kTerms[] = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
      1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0};
  Vector<double> x = *lanes;
  x = x < kLeast ? Vector<double>{} + kLeast : x;
  const Vector<double> n = (x * 1.4426950408889634 + kRound) - kRound;
  const Vector<double> r = (x - n * 0.693145751953125) - n * 1.42860682030941723212e-6;
  Vector<double> y = Vector<double>{} + kTerms[0];
  for (int i = 1; i < 13; ++i) y = y * r + kTerms[i];
  y = y * r + 1.0;
  const Integers power = (__builtin_convertvector(n, Integers) + 1023) << 52;
  *lanes = y * reinterpret_cast<const Vector<double>&>(power);
}

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_EXPONENTIALS_H_
