#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_SUMS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_SUMS_H_

#include <cstddef>
#include <cstdint>

#include "server/engine/model/table_sums.h"

namespace sumscope::engine {

// What the rows of a changed one-layer model are computed with, by the widest instructions that the machine has. All
// widths are multiples of kSumBlock; what a row holds depends on it alone, to the last bit.

// Rows that are sums of the same number of blocks each: row r of sources[r * per_row ..]. Borrowed.
struct SourceRows {
  const float* const* sources = nullptr;
  size_t per_row = 0, rows = 0;
};

// to[r * stride ..] = the sum of a block.
void AddSources(const SourceRows& of, float* to, size_t stride);
// to[r * stride ..] = relu(sum * scale[r] + bias).
void AddSourcesOfHidden(const SourceRows& of, const float* scale, const float* bias, float* to, size_t stride);

// 1 / sqrt(variance + epsilon) of x [width], of which the first `used` are numbers of the model.
float LayerScale(const float* x, size_t used, float epsilon);

// The squared distance of x and y [width].
double SquaredDistance(const float* x, const float* y, size_t width);

// Rows that are multiplied together, and the blocks of columns that are computed at once.
inline constexpr size_t kProductRows = 4;
// The units of up to kProductRows rows that are not zero in all of them: unit [count], and their values
// [count][kProductRows], zeros of rows that are not there. Row r's block b of units lies at hidden[b * stride + r *
// kSumBlock ..]. Returns count, at most those of `blocks`.
size_t FindActive(const float* hidden, size_t rows, size_t blocks, size_t stride, uint32_t* unit, float* value);
// to[r * stride ..] = bias + sum over such units u of value * block[u], of block [units][kSumBlock].
void MultiplyActive(const uint32_t* unit, const float* value, size_t count, const float* block, const float* bias,
                    size_t rows, float* to, size_t stride);

// logits [kSumLane] = LayerNorm(x + y) without scale and shift, times table [width][kSumLane], + bias. `scratch`
// [width].
void UnembedSum(const float* x, const float* y, size_t used, float epsilon, const float* table, const float* bias,
                float* scratch, float* logits);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_INTERVENER_ROW_SUMS_H_
