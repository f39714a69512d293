#include "server/engine/training/step/adam.h"

#include <cmath>

#include "server/engine/runtime/wide.h"

namespace sumscope::engine::step {
namespace {

template <class T>
SUMSCOPE_WIDE_INLINE void AdamAny(const AdamUpdate<T>& update, const T* __restrict__ g, T* __restrict__ p,
                                  T* __restrict__ m, T* __restrict__ v, int64_t count) {
  constexpr int64_t kBlock = 256 / sizeof(T), kAhead = 8 * kBlock;
  const AdamUpdate<T> at = update;
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    // Four streams at once are more than the machine foresees.
    for (int64_t i = begin + kAhead; i < begin + kAhead + kBlock; i += 64 / static_cast<int64_t>(sizeof(T))) {
      __builtin_prefetch(g + i, 0);
      __builtin_prefetch(p + i, 1);
      __builtin_prefetch(m + i, 1);
      __builtin_prefetch(v + i, 1);
    }
    const int64_t end = begin + kBlock < count ? begin + kBlock : count;
    for (int64_t i = begin; i < end; ++i) {
      m[i] += (g[i] - m[i]) * at.from_gradient;
      v[i] = v[i] * at.square_kept + g[i] * g[i] * at.from_square;
      p[i] -= p[i] * at.decay + at.rate * m[i] / (std::sqrt(v[i]) * at.inverse_correction + at.epsilon);
    }
  }
}

}  // namespace

// A function with clones for several machines cannot be a template.
SUMSCOPE_WIDE void Adam(const AdamUpdate<float>& update, const float* g, float* p, float* m, float* v, int64_t count) {
  AdamAny(update, g, p, m, v, count);
}
SUMSCOPE_WIDE void Adam(const AdamUpdate<double>& update, const double* g, double* p, double* m, double* v,
                        int64_t count) {
  AdamAny(update, g, p, m, v, count);
}

}  // namespace sumscope::engine::step
