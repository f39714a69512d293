#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LANES_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LANES_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "server/engine/runtime/wide.h"

namespace sumscope::engine::step {

// 64 bytes of numbers, at any address.
template <class T>
struct Lanes {
  static constexpr int64_t kCount = 64 / static_cast<int64_t>(sizeof(T));
  typedef T Vector __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
  typedef std::conditional_t<sizeof(T) == 4, int32_t, int64_t> Index;
  typedef Index Indices __attribute__((vector_size(64)));
};
template <class T>
using Vector = typename Lanes<T>::Vector;

inline int64_t PaddedTo(int64_t count, int64_t lanes) { return (count + lanes - 1) / lanes * lanes; }

// The next lanes of which `left` are there; those behind hold `fill`.
template <class T>
SUMSCOPE_WIDE_INLINE void Load(const T* from, int64_t left, T fill, Vector<T>* vector) {
  if (left >= Lanes<T>::kCount) {
    *vector = *reinterpret_cast<const Vector<T>*>(from);
    return;
  }
  T lane[Lanes<T>::kCount];
  for (int64_t i = 0; i < Lanes<T>::kCount; ++i) lane[i] = i < left ? from[i] : fill;
  *vector = *reinterpret_cast<const Vector<T>*>(lane);
}

template <class T>
SUMSCOPE_WIDE_INLINE void Store(const Vector<T>& vector, int64_t left, T* to) {
  if (left >= Lanes<T>::kCount) {
    *reinterpret_cast<Vector<T>*>(to) = vector;
    return;
  }
  for (int64_t i = 0; i < left; ++i) to[i] = vector[i];
}

template <class T>
SUMSCOPE_WIDE_INLINE const Vector<T>& At(const T* at) {
  return *reinterpret_cast<const Vector<T>*>(at);
}
template <class T>
SUMSCOPE_WIDE_INLINE Vector<T>& At(T* at) {
  return *reinterpret_cast<Vector<T>*>(at);
}

// Sets the lanes begin + i >= count to `other`.
template <class T>
SUMSCOPE_WIDE_INLINE void KeepBelow(int64_t begin, int64_t count, T other, Vector<T>* vector) {
  using Index = typename Lanes<T>::Index;
  typename Lanes<T>::Indices lane;
  for (int64_t i = 0; i < Lanes<T>::kCount; ++i) lane[i] = static_cast<Index>(i);
  const auto left = static_cast<Index>(count - begin);
  *vector = lane < left ? *vector : Vector<T>{} + other;
}

// The sum of the lanes, by halves.
template <class T>
SUMSCOPE_WIDE_INLINE T Total(const Vector<T>& vector) {
  if constexpr (Lanes<T>::kCount == 16) {
    const auto eight = __builtin_shufflevector(vector, vector, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(vector, vector, 8, 9, 10, 11, 12, 13, 14, 15);
    const auto four =
        __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    return (four[0] + four[2]) + (four[1] + four[3]);
  } else {
    const auto four =
        __builtin_shufflevector(vector, vector, 0, 1, 2, 3) + __builtin_shufflevector(vector, vector, 4, 5, 6, 7);
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
}

// The largest of the lanes.
template <class T>
SUMSCOPE_WIDE_INLINE T Largest(const Vector<T>& vector) {
  constexpr int64_t kLanes = Lanes<T>::kCount;
  T lane[kLanes];
  At(lane) = vector;
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) lane[i] = lane[i] < lane[i + half] ? lane[i + half] : lane[i];
  }
  return lane[0];
}

// The totals of 8 vectors at once: adds neighbours of two vectors, then pairs, then fours.
SUMSCOPE_WIDE_INLINE void Totals(const Vector<float>* of, float* to) {
  Vector<float> two[4], four[2];
  for (int i = 0; i < 4; ++i) {
    const Vector<float>&a = of[2 * i], &b = of[2 * i + 1];
    two[i] = __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +
             __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  }
  for (int i = 0; i < 2; ++i) {
    const Vector<float>&a = two[2 * i], &b = two[2 * i + 1];
    four[i] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
              __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  const Vector<float>&a = four[0], &b = four[1];
  const Vector<float> eight = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +
                              __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  typedef float Half __attribute__((vector_size(32), aligned(sizeof(float)), may_alias));
  *reinterpret_cast<Half*>(to) = __builtin_shufflevector(eight, eight, 0, 1, 2, 3, 4, 5, 6, 7) +
                                 __builtin_shufflevector(eight, eight, 8, 9, 10, 11, 12, 13, 14, 15);
}
SUMSCOPE_WIDE_INLINE void Totals(const Vector<double>* of, double* to) {
  for (int i = 0; i < 8; ++i) to[i] = Total<double>(of[i]);
}

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LANES_H_
