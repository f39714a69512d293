#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ROWS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ROWS_H_

#include <cstdint>

namespace sumscope::engine::step {

// What a training step does row by row between its matrix products, each as one pass. Rows are contiguous.

// LayerNorm of `rows` rows; keeps each row's mean and the inverse of its scale. Where `out` is given: out = x + out_b,
// which the next product accumulates on.
template <class T>
struct NormRows {
  const T* x;
  const T* w;
  const T* b;
  T* y;
  T* mean;
  T* rstd;
  const T* out_b;
  T* out;
};
void Normalize(const NormRows<float>& at, int64_t rows, int64_t width);
void Normalize(const NormRows<double>& at, int64_t rows, int64_t width);

// Its gradient: dx = (dx where `accumulate`) + that of y. Adds to sums [3][width]: the gradients of w and b, and the
// column sums of the resulting dx.
template <class T>
struct NormGradient {
  const T* dy;
  const T* x;
  const T* w;
  const T* mean;
  const T* rstd;
  T* dx;
  T* sums;
  bool accumulate;
};
void NormalizeBackward(const NormGradient<float>& at, int64_t rows, int64_t width);
void NormalizeBackward(const NormGradient<double>& at, int64_t rows, int64_t width);

// x = (x + b) * scale.
void AddBias(float* x, const float* b, float scale, int64_t rows, int64_t width);
void AddBias(double* x, const double* b, double scale, int64_t rows, int64_t width);

// x = max(x + b, 0); NaN stays.
void BiasRelu(float* x, const float* b, int64_t rows, int64_t width);
void BiasRelu(double* x, const double* b, int64_t rows, int64_t width);

// Zeroes dx where the ReLU's output y is not positive; adds the columns of the result to `sum` [width].
void ReluBackward(float* dx, const float* y, float* sum, int64_t rows, int64_t width);
void ReluBackward(double* dx, const double* y, double* sum, int64_t rows, int64_t width);

// sum [width] += the columns of x; x *= scale first.
void ScaleAndSum(float* x, float scale, float* sum, int64_t rows, int64_t width);
void ScaleAndSum(double* x, double scale, double* sum, int64_t rows, int64_t width);

// to[r] = from[index[r]] + b.
void GatherRows(const float* from, const int32_t* index, const float* b, float* to, int64_t rows, int64_t width);
void GatherRows(const double* from, const int32_t* index, const double* b, double* to, int64_t rows, int64_t width);

// to[index[r]] += from[r], of columns first .. end-1.
void ScatterRows(const float* from, const int32_t* index, float* to, int64_t rows, int64_t width, int64_t first,
                 int64_t end);
void ScatterRows(const double* from, const int32_t* index, double* to, int64_t rows, int64_t width, int64_t first,
                 int64_t end);

}  // namespace sumscope::engine::step

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_ROWS_H_
