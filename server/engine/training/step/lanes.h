#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LANES_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LANES_H_

#include <algorithm>
#include <cstdint>

#include "server/engine/runtime/wide.h"

namespace sumscope::engine::step {

// 64 bytes of numbers, at any address.
template <class T>
struct Lanes {
  static constexpr int64_t kCount = 64 / static_cast<int64_t>(sizeof(T));
  typedef T Vector __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
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

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_LANES_H_
