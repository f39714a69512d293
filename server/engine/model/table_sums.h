#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_TABLE_SUMS_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_TABLE_SUMS_H_

#include <cstddef>
#include <cstdint>

namespace sumscope::engine {

// The sums of AnswerTables: weighted sums over the rows of a table of float32, by the widest instructions that the
// machine has (a sum's order is the same with all of them).
//
// Tables lie in blocks of kSumBlock columns, each [table rows][kSumBlock], so that one stays in the cache while all
// questions of a chunk read it. The rows of a question have the same keys and differ in their weights alone: up to
// kSumGroup of them are summed together, and a row of the table is loaded once for all.

inline constexpr int kSumLane = 16;  // floats of a vector
inline constexpr int kSumLanes = 4;  // vectors of a block
inline constexpr int kSumBlock = kSumLane * kSumLanes;
inline constexpr int kSumGroup = 6;

// Rows of one question; what they are sums of. Borrowed.
struct RowGroup {
  int rows = 0;                     // 1 .. kSumGroup
  size_t terms = 0;                 // that they share
  const uint32_t* query = nullptr;  // [rows], a row of the table each, of weight 1; null: none
  const uint32_t* term = nullptr;   // [terms], rows of the table
  const float* weight = nullptr;    // [terms][rows]
};

// Where sums are kept beside: row r's block begins at to[r * stride]. Null where they are not.
struct KeptSums {
  float* to = nullptr;
  size_t stride = 0;
};

// Where they are kept in tiles (tiles/tile_unit.h), each as the sum of two of bfloat16, which leave of a number no more
// than 2^-16: `column` and the next kSumBlock of `row` and those behind it. Null where they are not.
struct KeptTiles {
  uint16_t* high = nullptr;
  uint16_t* low = nullptr;
  int64_t row = 0, column = 0, depth = 0;
};

// Keeps the block's sums.
void KeepSums(const float* block, const RowGroup& group, KeptSums kept);

// raw [rows][kSumLane] += the sums of a table of kSumLane columns.
void AddLogits(const float* table, const RowGroup& group, float* raw);

// square [rows] += the squares of the block's sums.
void AddSquares(const float* block, const RowGroup& group, KeptSums kept, float* square);

// With hidden = relu(sum * scale + bias), of scale [rows] and bias [kSumBlock]: raw [rows][kSumLane] += hidden times
// `logits` [kSumBlock][kSumLane], and square [rows] += its square. What is kept is `hidden`.
void AddHidden(const float* block, const RowGroup& group, const float* scale, const float* bias, const float* logits,
               KeptSums kept, const KeptTiles& tiles, float* raw, float* square);

// square [rows] += |a + b + bias|^2 of rows of `width` numbers, a multiple of kSumLane.
void AddSumSquares(const float* a, int64_t a_stride, const float* b, int64_t b_stride, const float* bias, int64_t rows,
                   int64_t width, float* square);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_TABLE_SUMS_H_
