#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_ROWS_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_ROWS_H_

#include <cstdint>

#include "server/engine/model/tiles/tile_unit.h"

namespace sumscope::engine::screening {

// What ScreenForward does to rows between its products, by the widest instructions that the machine has. Widths are
// multiples of 32.

// x [rows, width] += bias [width] where there is one, then divided by sqrt(|x|^2 / d_model + epsilon) into tiles.
void NormalizeToTiles(float* x, const float* bias, int64_t rows, int64_t width, int64_t d_model,
                      tiles::Bfloat16* tiles);

// x [rows, width] plus `bias`, normalised, times unembedding [width, 16] plus logit_bias [16]: logits [rows, d_vocab].
void Unembed(const float* x, const float* bias, int64_t rows, int64_t width, int64_t d_model, const float* unembedding,
             const float* logit_bias, int64_t d_vocab, float* logits);

// What is made of a block of sums [32, 32]: row r of it stands in row r of `to`, of `stride` numbers.
void StoreBlock(const float* sums, float* to, int64_t stride);
void AddBlock(const float* sums, float* to, int64_t stride);
// relu(sums + bias [32]) into tiles of `depth` columns at (row, column), multiples of 32.
void ReluToTiles(const float* sums, const float* bias, int64_t row, int64_t column, int64_t depth,
                 tiles::Bfloat16* tiles);

// Causal attention of one question: query i stands at position first + i and sees the keys 0 .. first + i.
struct ScreenHeads {
  int64_t n_heads, d_head;  // d_head padded to a multiple of 16
  int64_t positions, first;
  const float* q;  // [positions - first][q_stride], divided by sqrt(d_head)
  int64_t q_stride;
  const float* q_bias;  // [n_heads * d_head]
  const float* kv;      // [positions][kv_stride]: keys of all heads, then values
  int64_t kv_stride, value_column;
};
// Writes z of query i to row `row + i` of the tiles of `depth` columns.
void AttendToTiles(const ScreenHeads& heads, int64_t row, int64_t depth, tiles::Bfloat16* tiles);

}  // namespace sumscope::engine::screening

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_SCREENING_SCREEN_ROWS_H_
