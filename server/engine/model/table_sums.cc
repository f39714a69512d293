#include "server/engine/model/table_sums.h"

#include "server/engine/model/tiles/rounding.h"
#include "server/engine/runtime/wide.h"

namespace sumscope::engine {
namespace {

using Vector = float __attribute__((vector_size(kSumLane * sizeof(float)), aligned(4)));

const Vector& At(const float* at) { return *reinterpret_cast<const Vector*>(at); }
Vector& At(float* at) { return *reinterpret_cast<Vector*>(at); }

SUMSCOPE_WIDE_INLINE float Total(const Vector& vector) {
  float sum = 0;
  for (int i = 0; i < kSumLane; ++i) sum += vector[i];
  return sum;
}

// sum [kRows][kLanes]: the sums of kRows rows over kLanes vectors of a table whose rows are kLanes vectors long.
template <int kRows, int kLanes>
SUMSCOPE_WIDE_INLINE void SumRows(const float* table, const RowGroup& group, Vector (*sum)[kLanes]) {
  constexpr size_t kWidth = static_cast<size_t>(kLanes) * kSumLane;
  Vector own[kRows][kLanes] = {};
  if (group.query != nullptr) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int l = 0; l < kLanes; ++l) own[r][l] = At(table + group.query[r] * kWidth + l * kSumLane);
    }
  }
  const float* weight = group.weight;
  for (size_t t = 0; t < group.terms; ++t, weight += kRows) {
    const float* const row = table + group.term[t] * kWidth;
    Vector key[kLanes];
#pragma GCC unroll 8
    for (int l = 0; l < kLanes; ++l) key[l] = At(row + l * kSumLane);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int l = 0; l < kLanes; ++l) own[r][l] += weight[r] * key[l];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int l = 0; l < kLanes; ++l) sum[r][l] = own[r][l];
  }
}

template <int kRows>
SUMSCOPE_WIDE_INLINE void KeepSumsOfRows(const float* block, const RowGroup& group, KeptSums kept) {
  Vector sum[kRows][kSumLanes];
  SumRows<kRows, kSumLanes>(block, group, sum);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int l = 0; l < kSumLanes; ++l) {
      At(kept.to + static_cast<size_t>(r) * kept.stride + l * kSumLane) = sum[r][l];
    }
  }
}

template <int kRows>
SUMSCOPE_WIDE_INLINE void LogitsOfRows(const float* table, const RowGroup& group, float* raw) {
  Vector sum[kRows][1];
  SumRows<kRows, 1>(table, group, sum);
  for (int r = 0; r < kRows; ++r) At(raw + r * kSumLane) += sum[r][0];
}

template <int kRows>
SUMSCOPE_WIDE_INLINE void SquaresOfRows(const float* block, const RowGroup& group, KeptSums kept, float* square) {
  Vector sum[kRows][kSumLanes];
  SumRows<kRows, kSumLanes>(block, group, sum);
  for (int r = 0; r < kRows; ++r) {
    Vector squares = {};
    for (int l = 0; l < kSumLanes; ++l) {
      squares += sum[r][l] * sum[r][l];
      if (kept.to != nullptr) At(kept.to + static_cast<size_t>(r) * kept.stride + l * kSumLane) = sum[r][l];
    }
    square[r] += Total(squares);
  }
}

template <int kRows>
SUMSCOPE_WIDE_INLINE void HiddenOfRows(const float* block, const RowGroup& group, const float* scale, const float* bias,
                                       const float* logits, KeptSums kept, const KeptTiles& to_tiles, float* raw,
                                       float* square) {
  Vector sum[kRows][kSumLanes];
  SumRows<kRows, kSumLanes>(block, group, sum);
  float hidden[kRows][kSumBlock];
  const Vector zero = {};
  for (int r = 0; r < kRows; ++r) {
    Vector squares = {};
    for (int l = 0; l < kSumLanes; ++l) {
      const Vector before = sum[r][l] * scale[r] + At(bias + l * kSumLane);
      const Vector after = before < zero ? zero : before;  // what is no number stays none
      At(&hidden[r][l * kSumLane]) = after;
      squares += after * after;
      if (kept.to != nullptr) At(kept.to + static_cast<size_t>(r) * kept.stride + l * kSumLane) = after;
      if (to_tiles.high != nullptr) {
        const size_t place = tiles::TilePlace(to_tiles.row + r, to_tiles.column + l * kSumLane, to_tiles.depth);
        tiles::Split(after, to_tiles.high + place, to_tiles.low + place);
      }
    }
    square[r] += Total(squares);
  }
  Vector even[kRows], odd[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    even[r] = At(raw + r * kSumLane);
    odd[r] = zero;
  }
  for (int i = 0; i < kSumBlock; i += 2) {
    const Vector first = At(logits + i * kSumLane), second = At(logits + (i + 1) * kSumLane);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      even[r] += hidden[r][i] * first;
      odd[r] += hidden[r][i + 1] * second;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) At(raw + r * kSumLane) = even[r] + odd[r];
}

}  // namespace

SUMSCOPE_WIDE void KeepSums(const float* block, const RowGroup& group, KeptSums kept) {
  switch (group.rows) {
    case 1:
      return KeepSumsOfRows<1>(block, group, kept);
    case 2:
      return KeepSumsOfRows<2>(block, group, kept);
    case 3:
      return KeepSumsOfRows<3>(block, group, kept);
    case 4:
      return KeepSumsOfRows<4>(block, group, kept);
    case 5:
      return KeepSumsOfRows<5>(block, group, kept);
    default:
      return KeepSumsOfRows<kSumGroup>(block, group, kept);
  }
}

SUMSCOPE_WIDE void AddLogits(const float* table, const RowGroup& group, float* raw) {
  switch (group.rows) {
    case 1:
      return LogitsOfRows<1>(table, group, raw);
    case 2:
      return LogitsOfRows<2>(table, group, raw);
    case 3:
      return LogitsOfRows<3>(table, group, raw);
    case 4:
      return LogitsOfRows<4>(table, group, raw);
    case 5:
      return LogitsOfRows<5>(table, group, raw);
    default:
      return LogitsOfRows<kSumGroup>(table, group, raw);
  }
}

SUMSCOPE_WIDE void AddSquares(const float* block, const RowGroup& group, KeptSums kept, float* square) {
  switch (group.rows) {
    case 1:
      return SquaresOfRows<1>(block, group, kept, square);
    case 2:
      return SquaresOfRows<2>(block, group, kept, square);
    case 3:
      return SquaresOfRows<3>(block, group, kept, square);
    case 4:
      return SquaresOfRows<4>(block, group, kept, square);
    case 5:
      return SquaresOfRows<5>(block, group, kept, square);
    default:
      return SquaresOfRows<kSumGroup>(block, group, kept, square);
  }
}

SUMSCOPE_WIDE void AddHidden(const float* block, const RowGroup& group, const float* scale, const float* bias,
                             const float* logits, KeptSums kept, const KeptTiles& to_tiles, float* raw, float* square) {
  switch (group.rows) {
    case 1:
      return HiddenOfRows<1>(block, group, scale, bias, logits, kept, to_tiles, raw, square);
    case 2:
      return HiddenOfRows<2>(block, group, scale, bias, logits, kept, to_tiles, raw, square);
    case 3:
      return HiddenOfRows<3>(block, group, scale, bias, logits, kept, to_tiles, raw, square);
    case 4:
      return HiddenOfRows<4>(block, group, scale, bias, logits, kept, to_tiles, raw, square);
    case 5:
      return HiddenOfRows<5>(block, group, scale, bias, logits, kept, to_tiles, raw, square);
    default:
      return HiddenOfRows<kSumGroup>(block, group, scale, bias, logits, kept, to_tiles, raw, square);
  }
}

SUMSCOPE_WIDE void AddSumSquares(const float* a, int64_t a_stride, const float* b, int64_t b_stride, const float* bias,
                                 int64_t rows, int64_t width, float* square) {
  for (int64_t r = 0; r < rows; ++r, a += a_stride, b += b_stride) {
    Vector squares = {};
    for (int64_t i = 0; i < width; i += kSumLane) {
      const Vector sum = At(a + i) + At(b + i) + At(bias + i);
      squares += sum * sum;
    }
    square[r] += Total(squares);
  }
}

}  // namespace sumscope::engine
