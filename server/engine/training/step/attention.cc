#include "server/engine/training/step/attention.h"

#include <cmath>
#include <limits>

#include "server/engine/training/step/lanes.h"

namespace sumscope::engine::step {
namespace {

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
}

template <class T>
SUMSCOPE_WIDE_INLINE T Dot(const T* a, const T* b, int64_t padded) {
  Vector<T> sum = {};
  for (int64_t i = 0; i < padded; i += Lanes<T>::kCount) sum += At(a + i) * At(b + i);
  return Total<T>(sum);
}

SUMSCOPE_WIDE_INLINE double ExpSum(double* row, int64_t count, double most) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    row[i] = std::exp(row[i] - most);
    sum += row[i];
  }
  return sum;
}

// row = exp(row - most), whose sum it returns. To 2 units in the last place: 2^n times the polynomial of Cephes' expf
// on [-ln 2 / 2, ln 2 / 2]; below -87 as at -87, nothing beside the 1 of the largest. NaN stays.
SUMSCOPE_WIDE_INLINE float ExpSum(float* row, int64_t count, float most) {
  typedef int32_t Integers __attribute__((vector_size(64)));
  constexpr float kLeast = -87, kRound = 12582912;  // 1.5 * 2^23: what is added to it loses its fraction
  Vector<float> sum = {};
  for (int64_t i = 0; i < count; i += Lanes<float>::kCount) {
    Vector<float> x;
    Load(row + i, count - i, -std::numeric_limits<float>::infinity(), &x);
    x -= most;
    x = x < kLeast ? Vector<float>{} + kLeast : x;
    const Vector<float> n = (x * 1.44269504F + kRound) - kRound;
    const Vector<float> r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    Vector<float> y = r * 1.9875691500e-4F + 1.3981999507e-3F;
    y = y * r + 8.3334519073e-3F;
    y = y * r + 4.1665795894e-2F;
    y = y * r + 1.6666665459e-1F;
    y = y * r + 5.0000001201e-1F;
    y = y * (r * r) + r + 1.0F;
    const Integers power = (__builtin_convertvector(n, Integers) + 127) << 23;
    y *= reinterpret_cast<const Vector<float>&>(power);
    Store<float>(y, count - i, row + i);
    sum += y;
  }
  return Total<float>(sum);
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
  const int64_t width = at.n_heads * at.d_head;
  T* const q = scratch;
  T* const k = q + queries * padded;
  T* const v = k + at.keys * padded;
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t h = from_head; h < to_head; ++h) {
      const int64_t offset = h * at.d_head;
      PackHead(at, b, offset, padded, q, k, v);
      T* pattern = at.pattern + (b * at.n_heads + h) * queries * at.keys;
      for (int64_t i = 0; i < queries; ++i, pattern += at.keys) {
        const int64_t seen = at.first + i + 1;
        T most = Dot(q + i * padded, k, padded);
        pattern[0] = most;
        for (int64_t j = 1; j < seen; ++j) {
          pattern[j] = Dot(q + i * padded, k + j * padded, padded);
          most = std::max(most, pattern[j]);
        }
        const T sum = ExpSum(pattern, seen, most);
        for (int64_t j = 0; j < seen; ++j) pattern[j] /= sum;
        WeightedSum<false>(v, padded, pattern, 1, seen, at.d_head, at.z + (i * at.batch + b) * width + offset);
      }
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void AttendBackwardAny(const Attention<T>& at, int64_t begin, int64_t end, int64_t from_head,
                                            int64_t to_head, T* scratch) {
  const int64_t queries = at.keys - at.first, padded = PaddedTo(at.d_head, Lanes<T>::kCount);
  const int64_t width = at.n_heads * at.d_head;
  T* const q = scratch;
  T* const k = q + queries * padded;
  T* const v = k + at.keys * padded;
  T* const dz = v + at.keys * padded;
  T* const dscore = dz + queries * padded;
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t h = from_head; h < to_head; ++h) {
      const int64_t offset = h * at.d_head;
      const int32_t* const key_row = at.key_row + b * at.keys;
      PackHead(at, b, offset, padded, q, k, v);
      for (int64_t i = 0; i < queries; ++i) {
        PackRow(at.dz + (i * at.batch + b) * width + offset, at.d_head, dz + i * padded);
      }
      const T* const pattern = at.pattern + (b * at.n_heads + h) * queries * at.keys;
      for (int64_t i = 0; i < queries; ++i) {
        const int64_t seen = at.first + i + 1;
        const T* const row = pattern + i * at.keys;
        T* const d = dscore + i * at.keys;
        T mean = 0;
        for (int64_t j = 0; j < seen; ++j) {
          d[j] = Dot(dz + i * padded, v + j * padded, padded);
          mean += row[j] * d[j];
        }
        for (int64_t j = 0; j < seen; ++j) d[j] = row[j] * (d[j] - mean);
        WeightedSum<true>(k, padded, d, 1, seen, at.d_head,
                          at.dq + (key_row[at.first + i] - at.first_query) * width + offset);
      }
      for (int64_t j = 0; j < at.keys; ++j) {
        const int64_t from = std::max<int64_t>(0, j - at.first);
        T* const to = at.dkv + key_row[j] * 2 * width + offset;
        WeightedSum<true>(q + from * padded, padded, dscore + from * at.keys + j, at.keys, queries - from, at.d_head,
                          to);
        WeightedSum<true>(dz + from * padded, padded, pattern + from * at.keys + j, at.keys, queries - from, at.d_head,
                          to + width);
      }
    }
  }
}

}  // namespace

template <class T>
int64_t Attention<T>::scratch() const {
  const int64_t queries = keys - first;
  return (2 * queries + 2 * keys) * PaddedTo(d_head, Lanes<T>::kCount) + queries * keys;
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
