#include "server/engine/probing/interventions/intervener/row_sums.h"

#include <cmath>

#include "server/engine/runtime/wide.h"

namespace sumscope::engine {
namespace {

using Lanes = float __attribute__((vector_size(kSumLane * sizeof(float)), aligned(4)));

const Lanes& LanesAt(const float* at) { return *reinterpret_cast<const Lanes*>(at); }
Lanes& LanesAt(float* at) { return *reinterpret_cast<Lanes*>(at); }

SUMSCOPE_WIDE_INLINE float SumOf(const Lanes& lanes) {
  float sum = 0;
  for (int i = 0; i < kSumLane; ++i) sum += lanes[i];
  return sum;
}

SUMSCOPE_WIDE_INLINE void SumBlock(const float* const* sources, size_t count, Lanes (*sum)[kSumLanes]) {
  Lanes own[kSumLanes];
#pragma GCC unroll 4
  for (int l = 0; l < kSumLanes; ++l) own[l] = LanesAt(sources[0] + l * kSumLane);
  for (size_t s = 1; s < count; ++s) {
#pragma GCC unroll 4
    for (int l = 0; l < kSumLanes; ++l) own[l] += LanesAt(sources[s] + l * kSumLane);
  }
#pragma GCC unroll 4
  for (int l = 0; l < kSumLanes; ++l) (*sum)[l] = own[l];
}

// The mean of the first `used`, in lanes and then one by one.
SUMSCOPE_WIDE_INLINE float MeanOf(const float* x, size_t used) {
  Lanes sum = {};
  size_t i = 0;
  for (; i + kSumLane <= used; i += kSumLane) sum += LanesAt(x + i);
  float total = SumOf(sum);
  for (; i < used; ++i) total += x[i];
  return total / static_cast<float>(used);
}

SUMSCOPE_WIDE_INLINE float ScaleOf(const float* x, size_t used, float mean, float epsilon) {
  Lanes squares = {};
  size_t i = 0;
  for (; i + kSumLane <= used; i += kSumLane) squares += (LanesAt(x + i) - mean) * (LanesAt(x + i) - mean);
  float total = SumOf(squares);
  for (; i < used; ++i) total += (x[i] - mean) * (x[i] - mean);
  return 1 / std::sqrt(total / static_cast<float>(used) + epsilon);
}

}  // namespace

SUMSCOPE_WIDE void AddSources(const SourceRows& of, float* to, size_t stride) {
  for (size_t r = 0; r < of.rows; ++r) {
    Lanes sum[kSumLanes];
    SumBlock(of.sources + r * of.per_row, of.per_row, &sum);
    for (int l = 0; l < kSumLanes; ++l) LanesAt(to + r * stride + l * kSumLane) = sum[l];
  }
}

SUMSCOPE_WIDE void AddSourcesOfHidden(const SourceRows& of, const float* scale, const float* bias, float* to,
                                      size_t stride) {
  const Lanes zero = {};
  for (size_t r = 0; r < of.rows; ++r) {
    Lanes sum[kSumLanes];
    SumBlock(of.sources + r * of.per_row, of.per_row, &sum);
#pragma GCC unroll 4
    for (int l = 0; l < kSumLanes; ++l) {
      const Lanes before = sum[l] * scale[r] + LanesAt(bias + l * kSumLane);
      LanesAt(to + r * stride + l * kSumLane) = before < zero ? zero : before;  // what is no number stays none
    }
  }
}

SUMSCOPE_WIDE float LayerScale(const float* x, size_t used, float epsilon) {
  return ScaleOf(x, used, MeanOf(x, used), epsilon);
}

SUMSCOPE_WIDE double SquaredDistance(const float* x, const float* y, size_t width) {
  double sum = 0;
  for (size_t b = 0; b < width; b += kSumBlock) {
    Lanes squares = {};
    for (size_t i = b; i < b + kSumBlock; i += kSumLane) {
      const Lanes moved = LanesAt(x + i) - LanesAt(y + i);
      squares += moved * moved;
    }
    sum += static_cast<double>(SumOf(squares));
  }
  return sum;
}

SUMSCOPE_WIDE size_t FindActive(const float* hidden, size_t rows, size_t blocks, size_t stride, uint32_t* unit,
                                float* value) {
  static constexpr float kNone[kSumBlock] = {};
  size_t count = 0;
  for (size_t b = 0; b < blocks; ++b, hidden += stride) {
    const float* const row0 = hidden;
    const float* const row1 = rows > 1 ? hidden + kSumBlock : kNone;
    const float* const row2 = rows > 2 ? hidden + 2 * kSumBlock : kNone;
    const float* const row3 = rows > 3 ? hidden + 3 * kSumBlock : kNone;
    for (size_t i = 0; i < kSumBlock; ++i) {
      float* const to = value + count * kProductRows;
      unit[count] = static_cast<uint32_t>(b * kSumBlock + i);
      to[0] = row0[i];
      to[1] = row1[i];
      to[2] = row2[i];
      to[3] = row3[i];
      count += static_cast<size_t>((row0[i] != 0) | (row1[i] != 0) | (row2[i] != 0) | (row3[i] != 0));
    }
  }
  return count;
}

SUMSCOPE_WIDE void MultiplyActive(const uint32_t* unit, const float* value, size_t count, const float* block,
                                  const float* bias, size_t rows, float* to, size_t stride) {
  Lanes own[kProductRows][kSumLanes];
#pragma GCC unroll 4
  for (size_t r = 0; r < kProductRows; ++r) {
#pragma GCC unroll 4
    for (int l = 0; l < kSumLanes; ++l) own[r][l] = LanesAt(bias + l * kSumLane);
  }
  for (size_t i = 0; i < count; ++i, value += kProductRows) {
    const float* const row = block + static_cast<size_t>(unit[i]) * kSumBlock;
    Lanes weight[kSumLanes];
#pragma GCC unroll 4
    for (int l = 0; l < kSumLanes; ++l) weight[l] = LanesAt(row + l * kSumLane);
#pragma GCC unroll 4
    for (size_t r = 0; r < kProductRows; ++r) {
#pragma GCC unroll 4
      for (int l = 0; l < kSumLanes; ++l) own[r][l] += value[r] * weight[l];
    }
  }
#pragma GCC unroll 4
  for (size_t r = 0; r < kProductRows; ++r) {
    if (r >= rows) break;
#pragma GCC unroll 4
    for (int l = 0; l < kSumLanes; ++l) LanesAt(to + r * stride + l * kSumLane) = own[r][l];
  }
}

SUMSCOPE_WIDE void UnembedSum(const float* x, const float* y, size_t used, float epsilon, const float* table,
                              const float* bias, float* scratch, float* logits) {
  const size_t width = (used + kSumLane - 1) / kSumLane * kSumLane;
  for (size_t i = 0; i < width; i += kSumLane) LanesAt(scratch + i) = LanesAt(x + i) + LanesAt(y + i);
  const float mean = MeanOf(scratch, used);
  const float scale = ScaleOf(scratch, used, mean, epsilon);
  Lanes sum[4] = {};
  size_t i = 0;
  for (; i + 4 <= used; i += 4) {
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; ++k) sum[k] += (scratch[i + k] - mean) * LanesAt(table + (i + k) * kSumLane);
  }
  for (; i < used; ++i) sum[0] += (scratch[i] - mean) * LanesAt(table + i * kSumLane);
  LanesAt(logits) = (sum[0] + sum[1] + (sum[2] + sum[3])) * scale + LanesAt(bias);
}

}  // namespace sumscope::engine
