#include "server/engine/training/step/rows.h"

#include <cmath>

#include "server/engine/model/config.h"
#include "server/engine/training/step/lanes.h"

namespace sumscope::engine::step {
namespace {

template <class T>
SUMSCOPE_WIDE_INLINE void NormalizeAny(const NormRows<T>& at, int64_t rows, int64_t width) {
  constexpr int64_t kLanes = Lanes<T>::kCount;
  const T *const of_w = at.w, *const of_b = at.b, *const out_b = at.out_b;
  for (int64_t r = 0; r < rows; ++r) {
    const T* const x = at.x + r * width;
    Vector<T> value, sum = {}, square = {};
    for (int64_t i = 0; i < width; i += kLanes) {
      Load(x + i, width - i, T{0}, &value);
      sum += value;
    }
    const T mean = Total<T>(sum) / static_cast<T>(width);
    for (int64_t i = 0; i < width; i += kLanes) {
      Load(x + i, width - i, mean, &value);
      value -= mean;
      square += value * value;
    }
    const T rstd = 1 / std::sqrt(Total<T>(square) / static_cast<T>(width) + static_cast<T>(kLayerNormEpsilon));
    at.mean[r] = mean;
    at.rstd[r] = rstd;
    T* const y = at.y + r * width;
    T* const out = at.out == nullptr ? nullptr : at.out + r * width;
    for (int64_t i = 0; i < width; i += kLanes) {
      const int64_t left = width - i;
      Vector<T> w, b;
      Load(x + i, left, T{0}, &value);
      Load(of_w + i, left, T{0}, &w);
      Load(of_b + i, left, T{0}, &b);
      Store<T>((value - mean) * rstd * w + b, left, y + i);
      if (out == nullptr) continue;
      Load(out_b + i, left, T{0}, &b);
      Store<T>(value + b, left, out + i);
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void NormalizeBackwardAny(const NormGradient<T>& at, int64_t rows, int64_t width) {
  constexpr int64_t kLanes = Lanes<T>::kCount;
  T* const dw = at.sums;
  T* const db = dw + width;
  T* const total = db + width;
  const T* const of_w = at.w;
  const bool accumulate = at.accumulate;
  for (int64_t r = 0; r < rows; ++r) {
    const T* const x = at.x + r * width;
    const T* const dy = at.dy + r * width;
    T* const dx = at.dx + r * width;
    const T mean = at.mean[r], rstd = at.rstd[r];
    Vector<T> value, gradient, w, sum, first = {}, second = {};
    for (int64_t i = 0; i < width; i += kLanes) {
      const int64_t left = width - i;
      Load(x + i, left, mean, &value);
      Load(dy + i, left, T{0}, &gradient);
      Load(of_w + i, left, T{0}, &w);
      value = (value - mean) * rstd;
      Load(dw + i, left, T{0}, &sum);
      sum += gradient * value;
      Store<T>(sum, left, dw + i);
      Load(db + i, left, T{0}, &sum);
      sum += gradient;
      Store<T>(sum, left, db + i);
      gradient *= w;
      first += gradient;
      second += gradient * value;
    }
    const T g = Total<T>(first) / static_cast<T>(width), gx = Total<T>(second) / static_cast<T>(width);
    for (int64_t i = 0; i < width; i += kLanes) {
      const int64_t left = width - i;
      Load(x + i, left, mean, &value);
      Load(dy + i, left, T{0}, &gradient);
      Load(of_w + i, left, T{0}, &w);
      gradient = rstd * (gradient * w - g - (value - mean) * rstd * gx);
      if (accumulate) {
        Load(dx + i, left, T{0}, &value);
        gradient += value;
      }
      Store<T>(gradient, left, dx + i);
      Load(total + i, left, T{0}, &sum);
      sum += gradient;
      Store<T>(sum, left, total + i);
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void AddBiasAny(T* x, const T* b, T scale, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, x += width) {
    for (int64_t i = 0; i < width; ++i) x[i] = (x[i] + b[i]) * scale;
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void BiasReluAny(T* x, const T* b, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, x += width) {
    for (int64_t i = 0; i < width; ++i) {
      const T value = x[i] + b[i];
      x[i] = value < 0 ? 0 : value;
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void ReluBackwardAny(T* dx, const T* y, T* sum, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, dx += width, y += width) {
    for (int64_t i = 0; i < width; ++i) {
      const T value = y[i] > 0 ? dx[i] : 0;
      dx[i] = value;
      sum[i] += value;
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void ScaleAndSumAny(T* x, T scale, T* sum, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, x += width) {
    for (int64_t i = 0; i < width; ++i) {
      const T value = x[i] * scale;
      x[i] = value;
      sum[i] += value;
    }
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void GatherRowsAny(const T* from, const int32_t* index, const T* b, T* to, int64_t rows,
                                        int64_t width) {
  for (int64_t r = 0; r < rows; ++r, to += width) {
    const T* const row = from + index[r] * width;
    for (int64_t i = 0; i < width; ++i) to[i] = row[i] + b[i];
  }
}

template <class T>
SUMSCOPE_WIDE_INLINE void ScatterRowsAny(const T* from, const int32_t* index, T* to, int64_t rows, int64_t width,
                                         int64_t first, int64_t end) {
  for (int64_t r = 0; r < rows; ++r, from += width) {
    T* const row = to + index[r] * width;
    for (int64_t i = first; i < end; ++i) row[i] += from[i];
  }
}

}  // namespace

// A function with clones for several machines cannot be a template.
SUMSCOPE_WIDE void Normalize(const NormRows<float>& at, int64_t rows, int64_t width) { NormalizeAny(at, rows, width); }
SUMSCOPE_WIDE void Normalize(const NormRows<double>& at, int64_t rows, int64_t width) { NormalizeAny(at, rows, width); }
SUMSCOPE_WIDE void NormalizeBackward(const NormGradient<float>& at, int64_t rows, int64_t width) {
  NormalizeBackwardAny(at, rows, width);
}
SUMSCOPE_WIDE void NormalizeBackward(const NormGradient<double>& at, int64_t rows, int64_t width) {
  NormalizeBackwardAny(at, rows, width);
}
SUMSCOPE_WIDE void AddBias(float* x, const float* b, float scale, int64_t rows, int64_t width) {
  AddBiasAny(x, b, scale, rows, width);
}
SUMSCOPE_WIDE void AddBias(double* x, const double* b, double scale, int64_t rows, int64_t width) {
  AddBiasAny(x, b, scale, rows, width);
}
SUMSCOPE_WIDE void BiasRelu(float* x, const float* b, int64_t rows, int64_t width) { BiasReluAny(x, b, rows, width); }
SUMSCOPE_WIDE void BiasRelu(double* x, const double* b, int64_t rows, int64_t width) { BiasReluAny(x, b, rows, width); }
SUMSCOPE_WIDE void ReluBackward(float* dx, const float* y, float* sum, int64_t rows, int64_t width) {
  ReluBackwardAny(dx, y, sum, rows, width);
}
SUMSCOPE_WIDE void ReluBackward(double* dx, const double* y, double* sum, int64_t rows, int64_t width) {
  ReluBackwardAny(dx, y, sum, rows, width);
}
SUMSCOPE_WIDE void ScaleAndSum(float* x, float scale, float* sum, int64_t rows, int64_t width) {
  ScaleAndSumAny(x, scale, sum, rows, width);
}
SUMSCOPE_WIDE void ScaleAndSum(double* x, double scale, double* sum, int64_t rows, int64_t width) {
  ScaleAndSumAny(x, scale, sum, rows, width);
}
SUMSCOPE_WIDE void GatherRows(const float* from, const int32_t* index, const float* b, float* to, int64_t rows,
                              int64_t width) {
  GatherRowsAny(from, index, b, to, rows, width);
}
SUMSCOPE_WIDE void GatherRows(const double* from, const int32_t* index, const double* b, double* to, int64_t rows,
                              int64_t width) {
  GatherRowsAny(from, index, b, to, rows, width);
}
SUMSCOPE_WIDE void ScatterRows(const float* from, const int32_t* index, float* to, int64_t rows, int64_t width,
                               int64_t first, int64_t end) {
  ScatterRowsAny(from, index, to, rows, width, first, end);
}
SUMSCOPE_WIDE void ScatterRows(const double* from, const int32_t* index, double* to, int64_t rows, int64_t width,
                               int64_t first, int64_t end) {
  ScatterRowsAny(from, index, to, rows, width, first, end);
}

}  // namespace sumscope::engine::step
