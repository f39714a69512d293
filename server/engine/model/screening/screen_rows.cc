#include "server/engine/model/screening/screen_rows.h"

#include <algorithm>
#include <cmath>

#include "server/engine/model/config.h"
#include "server/engine/model/tiles/rounding.h"
#include "server/engine/runtime/wide.h"

namespace sumscope::engine::screening {
namespace {

using tiles::Bfloat16;
using tiles::kBlock;
using tiles::kLanes;
using tiles::kTileDepth;
using tiles::kTileRows;
using tiles::Lanes;
using tiles::LanesAt;
using tiles::Round;
using tiles::TilePlace;

constexpr int64_t kMostKeys = 256, kMostVectors = 64;

SUMSCOPE_WIDE_INLINE float SumOf(const Lanes& lanes) {
  const auto eight = __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto four =
      __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

SUMSCOPE_WIDE_INLINE float ScaleOf(const Lanes& squares, int64_t d_model) {
  return 1 / std::sqrt(SumOf(squares) / static_cast<float>(d_model) + static_cast<float>(kLayerNormEpsilon));
}

}  // namespace

SUMSCOPE_WIDE void NormalizeToTiles(float* x, const float* bias, int64_t rows, int64_t width, int64_t d_model,
                                    Bfloat16* tiles) {
  for (int64_t row = 0; row < rows; ++row, x += width) {
    Lanes squares = {};
    for (int64_t i = 0; i < width; i += kLanes) {
      Lanes sum = LanesAt(x + i);
      if (bias != nullptr) LanesAt(x + i) = sum += LanesAt(bias + i);
      squares += sum * sum;
    }
    const float scale = ScaleOf(squares, d_model);
    for (int64_t i = 0; i < width; i += kLanes) Round(LanesAt(x + i) * scale, tiles + TilePlace(row, i, width));
  }
}

SUMSCOPE_WIDE void Unembed(const float* x, const float* bias, int64_t rows, int64_t width, int64_t d_model,
                           const float* unembedding, const float* logit_bias, int64_t d_vocab, float* logits) {
  for (int64_t row = 0; row < rows; ++row, x += width, logits += d_vocab) {
    Lanes squares = {}, sum[4] = {};
    for (int64_t i = 0; i < width; i += kLanes) {
      const Lanes own = LanesAt(x + i) + LanesAt(bias + i);
      squares += own * own;
      for (int64_t l = 0; l < kLanes; ++l) sum[l % 4] += own[l] * LanesAt(unembedding + (i + l) * kLanes);
    }
    const Lanes all = ((sum[0] + sum[1]) + (sum[2] + sum[3])) * ScaleOf(squares, d_model) + LanesAt(logit_bias);
    for (int64_t t = 0; t < d_vocab; ++t) logits[t] = all[t];
  }
}

SUMSCOPE_WIDE void StoreBlock(const float* sums, float* to, int64_t stride) {
  for (int64_t r = 0; r < kBlock; ++r, sums += kBlock, to += stride) {
    LanesAt(to) = LanesAt(sums);
    LanesAt(to + kLanes) = LanesAt(sums + kLanes);
  }
}

SUMSCOPE_WIDE void AddBlock(const float* sums, float* to, int64_t stride) {
  for (int64_t r = 0; r < kBlock; ++r, sums += kBlock, to += stride) {
    LanesAt(to) += LanesAt(sums);
    LanesAt(to + kLanes) += LanesAt(sums + kLanes);
  }
}

SUMSCOPE_WIDE void ReluToTiles(const float* sums, const float* bias, int64_t row, int64_t column, int64_t depth,
                               Bfloat16* tiles) {
  const Lanes zero = {}, left = LanesAt(bias), right = LanesAt(bias + kLanes);
  for (int64_t half = 0; half < kBlock; half += kTileRows) {
    Bfloat16* to = tiles + TilePlace(row + half, column, depth);
    for (int64_t r = 0; r < kTileRows; ++r, sums += kBlock, to += kTileDepth) {
      const Lanes a = LanesAt(sums) + left, b = LanesAt(sums + kLanes) + right;
      Round(a < zero ? zero : a, to);  // what is no number stays none
      Round(b < zero ? zero : b, to + kLanes);
    }
  }
}

SUMSCOPE_WIDE void AttendToTiles(const ScreenHeads& heads, int64_t row, int64_t depth, Bfloat16* tiles) {
  const int64_t vectors = heads.d_head / kLanes, queries = heads.positions - heads.first;
  Lanes own[kMostVectors];
  float pattern[kMostKeys];
  for (int64_t h = 0; h < heads.n_heads; ++h) {
    const int64_t column = h * heads.d_head;
    const float* const values = heads.kv + heads.value_column + column;
    for (int64_t i = 0; i < queries; ++i) {
      const float* const q = heads.q + i * heads.q_stride + column;
      for (int64_t v = 0; v < vectors; ++v) {
        own[v] = LanesAt(q + v * kLanes) + LanesAt(heads.q_bias + column + v * kLanes);
      }
      const int64_t seen = heads.first + i + 1;
      const float* key = heads.kv + column;
      float most = -INFINITY, sum = 0;
      for (int64_t j = 0; j < seen; ++j, key += heads.kv_stride) {
        Lanes even = own[0] * LanesAt(key), odd = {};
        for (int64_t v = 1; v + 1 < vectors; v += 2) {
          odd += own[v] * LanesAt(key + v * kLanes);
          even += own[v + 1] * LanesAt(key + (v + 1) * kLanes);
        }
        if (vectors % 2 == 0) odd += own[vectors - 1] * LanesAt(key + (vectors - 1) * kLanes);
        pattern[j] = SumOf(even + odd);
        most = std::max(most, pattern[j]);
      }
      for (int64_t j = 0; j < seen; ++j) sum += pattern[j] = std::exp(pattern[j] - most);
      const float scale = 1 / sum;
      for (int64_t v = 0; v < vectors; ++v) {
        Lanes z = {};
        const float* value = values + v * kLanes;
        for (int64_t j = 0; j < seen; ++j, value += heads.kv_stride) z += pattern[j] * LanesAt(value);
        Round(z * scale, tiles + TilePlace(row + i, column + v * kLanes, depth));
      }
    }
  }
}

}  // namespace sumscope::engine::screening
