#include "server/engine/training/step/attention.h"

#include <algorithm>
#include <limits>

#include "server/engine/training/step/exponentials.h"
#include "server/engine/training/step/lanes.h"

namespace sumscope::engine::step {
namespace {

constexpr int64_t kDots = 8;  // rows that Dots takes at once

// One head's numbers of a row, padded with zeros to whole vectors.
template <class T>
SUMSCOPE_WIDE_INLINE void PackRow(const T* from, int64_t width, T* to) {
  for (int64_t i = 0; i < width; i += Lanes<T>::kCount) Load(from + i, width - i, T{0}, &At(to + i));
}

template <class T>
SUMSCOPE_WIDE_INLINE void PackHead(const Attention<T>& at, int64_t b, int64_t offset, int64_t padded, T* q, T* k,
                                   T* v) {
  const int64_t width = at.n_heads * at.d_head;
  const int32_t* const row = at.key_row + b * at.keys;
  for (int64_t j = 0; j < at.keys; ++j) {
    const T* const kv = at.kv + row[j] * 2 * width + offset;
    PackRow(kv, at.d_head, k + j * padded);
    PackRow(kv + width, at.d_head, v + j * padded);
  }
  for (int64_t j = at.first; j < at.keys; ++j) {
    PackRow(at.q + (row[j] - at.first_query) * width + offset, at.d_head, q + (j - at.first) * padded);
  }
  const int64_t last = at.keys * padded, end = PaddedTo(at.keys, kDots) * padded;
  for (int64_t i = last; i < end; i += Lanes<T>::kCount) At(k + i) = At(v + i) = Vector<T>{};
}

// to[t] = the product of `a` and row t of `rows`, for `count` rows and up to kDots - 1 more.
template <class T>
SUMSCOPE_WIDE_INLINE void Dots(const T* a, const T* rows, int64_t padded, int64_t count, T* to) {
  for (int64_t t = 0; t < count; t += kDots, rows += kDots * padded) {
    Vector<T> sum[kDots];
    for (int64_t k = 0; k < kDots; ++k) sum[k] = Vector<T>{};
    for (int64_t i = 0; i < padded; i += Lanes<T>::kCount) {
      for (int64_t k = 0; k < kDots; ++k) sum[k] += At(a + i) * At(rows + k * padded + i);
    }
    Totals(sum, to + t);
  }
}

// The softmax of row's first `count` numbers; 0 behind them.
template <class T>
SUMSCOPE_WIDE_INLINE void Softmax(T* row, int64_t count, int64_t padded) {
  constexpr int64_t kLanes = Lanes<T>::kCount;
  constexpr T kNone = -std::numeric_limits<T>::infinity();
  Vector<T> most = Vector<T>{} + kNone, sum = {};
  for (int64_t i = 0; i < padded; i += kLanes) {
    Vector<T> x = At(row + i);
    KeepBelow(i, count, kNone, &x);
    most = most < x ? x : most;
  }
  const T largest = Largest<T>(most);
  for (int64_t i = 0; i < padded; i += kLanes) {
    Vector<T> x = At(row + i) - largest;
    Exponential(&x);
    KeepBelow(i, count, T{0}, &x);
    At(row + i) = x;
    sum += x;
  }
  const T share = 1 / Total<T>(sum);
  for (int64_t i = 0; i < padded; i += kLanes) At(row + i) *= share;
}

// kBlock vectors of the sum over t of weight[t * weight_stride] * row t of `rows`, stored or added.
template <int kBlock, bool kAdd, class T>
SUMSCOPE_WIDE_INLINE void WeightedBlock(const T* rows, int64_t padded, const T* weight, int64_t weight_stride,
                                        int64_t terms, int64_t left, T* to) {
  constexpr int64_t kLanes = Lanes<T>::kCount;
  Vector<T> sum[kBlock];
  for (int i = 0; i < kBlock; ++i) sum[i] = Vector<T>{};
  for (int64_t t = 0; t < terms; ++t) {
    const T w = weight[t * weight_stride];
    for (int i = 0; i < kBlock; ++i) sum[i] += w * At(rows + t * padded + i * kLanes);
  }
  for (int i = 0; i < kBlock; ++i) {
    Vector<T> old = {};
    if (kAdd) Load(to + i * kLanes, left - i * kLanes, T{0}, &old);
    old += sum[i];
    Store<T>(old, left - i * kLanes, to + i * kLanes);
  }
}

template <bool kAdd, class T>
SUMSCOPE_WIDE_INLINE void WeightedSum(const T* rows, int64_t padded, const T* weight, int64_t weight_stride,
                                      int64_t terms, int64_t width, T* to) {
  constexpr int64_t kLanes = Lanes<T>::kCount;
  int64_t i = 0;
  for (; i + 4 * kLanes <= padded; i += 4 * kLanes) {
    WeightedBlock<4, kAdd>(rows + i, padded, weight, weight_stride, terms, width - i, to + i);
  }
  if (i + 2 * kLanes <= padded) {
    WeightedBlock<2, kAdd>(rows + i, padded, weight, weight_stride, terms, width - i, to + i);
    i += 2 * kLanes;
  }
  if (i < padded) WeightedBlock<1, kAdd>(rows + i, padded, weight, weight_stride, terms, width - i, to + i);
}

template <class T>
SUMSCOPE_WIDE_INLINE void AttendAny(const Attention<T>& at, int64_t begin, int64_t end, int64_t from_head,
                                    int64_t to_head, T* scratch) {
  const int64_t queries = at.keys - at.first, padded = PaddedTo(at.d_head, Lanes<T>::kCount);
  const int64_t width = at.n_heads * at.d_head, pattern_width = at.pattern_width();
  T* const q = scratch;
  T* const k = q + queries * padded;
  T* const v = k + PaddedTo(at.keys, kDots) * padded;
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t h = from_head; h < to_head; ++h) {
      const int64_t offset = h * at.d_head;
      PackHead(at, b, offset, padded, q, k, v);
      T* const pattern = at.pattern + (b * at.n_heads + h) * queries * pattern_width;
      // Each loop's turns depend on nothing before them in it, so that the machine works on several at once.
      for (int64_t i = 0; i < queries; ++i) {
        Dots(q + i * padded, k, padded, at.first + i + 1, pattern + i * pattern_width);
      }
      for (int64_t i = 0; i < queries; ++i) Softmax(pattern + i * pattern_width, at.first + i + 1, pattern_width);
      for (int64_t i = 0; i < queries; ++i) {
        WeightedSum<false>(v, padded, pattern + i * pattern_width, 1, at.first + i + 1, at.d_head,
                           at.z + (i * at.batch + b) * width + offset);
      }
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void AttendBackwardAny(const Attention<T>& at, int64_t begin, int64_t end, int64_t from_head,
                                            int64_t to_head, T* scratch) {
  const int64_t queries = at.keys - at.first, padded = PaddedTo(at.d_head, Lanes<T>::kCount);
  const int64_t width = at.n_heads * at.d_head, pattern_width = at.pattern_width();
  T* const q = scratch;
  T* const k = q + queries * padded;
  T* const v = k + PaddedTo(at.keys, kDots) * padded;
  T* const dz = v + PaddedTo(at.keys, kDots) * padded;
  T* const dscore = dz + queries * padded;
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t h = from_head; h < to_head; ++h) {
      const int64_t offset = h * at.d_head;
      const int32_t* const key_row = at.key_row + b * at.keys;
      PackHead(at, b, offset, padded, q, k, v);
      for (int64_t i = 0; i < queries; ++i) {
        PackRow(at.dz + (i * at.batch + b) * width + offset, at.d_head, dz + i * padded);
      }
      const T* const pattern = at.pattern + (b * at.n_heads + h) * queries * pattern_width;
      for (int64_t i = 0; i < queries; ++i) {
        const int64_t seen = at.first + i + 1;
        const T* const row = pattern + i * pattern_width;
        T* const d = dscore + i * pattern_width;
        Dots(dz + i * padded, v, padded, seen, d);
        Vector<T> product = {};
        for (int64_t j = 0; j < pattern_width; j += Lanes<T>::kCount) {
          Vector<T> own = At(d + j);
          KeepBelow(j, seen, T{0}, &own);  // behind them lies what nobody wrote
          At(d + j) = own;
          product += At(row + j) * own;
        }
        const T mean = Total<T>(product);
        for (int64_t j = 0; j < pattern_width; j += Lanes<T>::kCount) At(d + j) = At(row + j) * (At(d + j) - mean);
        WeightedSum<true>(k, padded, d, 1, seen, at.d_head,
                          at.dq + (key_row[at.first + i] - at.first_query) * width + offset);
      }
      for (int64_t j = 0; j < at.keys; ++j) {
        const int64_t from = std::max<int64_t>(0, j - at.first);
        T* const to = at.dkv + key_row[j] * 2 * width + offset;
        WeightedSum<true>(q + from * padded, padded, dscore + from * pattern_width + j, pattern_width, queries - from,
                          at.d_head, to);
        WeightedSum<true>(dz + from * padded, padded, pattern + from * pattern_width + j, pattern_width, queries - from,
                          at.d_head, to + width);
      }
    }
  }
}

}  // namespace

template <class T>
int64_t Attention<T>::pattern_width() const {
  return PaddedTo(keys, Lanes<T>::kCount);
}
template <class T>
int64_t Attention<T>::scratch() const {
  const int64_t queries = keys - first;
  return 2 * (queries + PaddedTo(keys, kDots)) * PaddedTo(d_head, Lanes<T>::kCount) + queries * pattern_width();
}
template struct Attention<float>;
template struct Attention<double>;

// A function with clones for several machines cannot be a template.
SUMSCOPE_WIDE void Attend(const Attention<float>& at, int64_t begin, int64_t end, int64_t from_head, int64_t to_head,
                          float* scratch) {
  AttendAny(at, begin, end, from_head, to_head, scratch);
}
SUMSCOPE_WIDE void Attend(const Attention<double>& at, int64_t begin, int64_t end, int64_t from_head, int64_t to_head,
                          double* scratch) {
  AttendAny(at, begin, end, from_head, to_head, scratch);
}
SUMSCOPE_WIDE void AttendBackward(const Attention<float>& at, int64_t begin, int64_t end, int64_t from_head,
                                  int64_t to_head, float* scratch) {
  AttendBackwardAny(at, begin, end, from_head, to_head, scratch);
}
SUMSCOPE_WIDE void AttendBackward(const Attention<double>& at, int64_t begin, int64_t end, int64_t from_head,
                                  int64_t to_head, double* scratch) {
  AttendBackwardAny(at, begin, end, from_head, to_head, scratch);
}

}  // namespace sumscope::engine::step
