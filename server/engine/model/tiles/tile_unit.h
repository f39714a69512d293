#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_TILES_TILE_UNIT_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_TILES_TILE_UNIT_H_

#include <cstddef>
#include <cstdint>

#include "server/engine/runtime/torch.h"

namespace sumscope::engine::tiles {

// Products of matrices of bfloat16, summed in float32, 32 x 32 numbers at a time (ours).
//
// Goals: several times as fast as float32 where the CPU has AMX, with the sums handed out while they are in the nearest
// cache, so that whoever asks adds, rounds or squares them on the way. Non-goals: a product that is all that is wanted;
// LibTorch has that.
//
// A left matrix lies in tiles of 16 rows x 32 columns, each 1 KiB in one piece: [rows / 16][depth / 32][16][32].

using Bfloat16 = uint16_t;

inline constexpr int64_t kTileRows = 16, kTileDepth = 32, kBlock = 32;

inline int64_t RoundedUp(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }
// Where the number of a left matrix stands. Numbers of one row and the same 32 columns follow each other.
inline size_t TilePlace(int64_t row, int64_t column, int64_t depth) {
  return static_cast<size_t>((row / kTileRows * (depth / kTileDepth) + column / kTileDepth) * kTileRows * kTileDepth +
                             row % kTileRows * kTileDepth + column % kTileDepth);
}

// The tiles of a left matrix, zeros, where the unit reads them best.
inline torch::Tensor ZeroTiles(int64_t rows, int64_t depth) {
  return torch::zeros({RoundedUp(rows, kBlock) * RoundedUp(depth, kTileDepth)}, torch::kBFloat16);
}
inline Bfloat16* TilesOf(const torch::Tensor& zero_tiles) { return static_cast<Bfloat16*>(zero_tiles.data_ptr()); }

// A right matrix [depth, width], rounded, padded with zeros to multiples of 32 and ordered as the unit reads it.
// Immutable.
class TileMatrix {
 public:
  TileMatrix() = default;
  // `matrix` [depth, width] on the CPU, float32 or float64.
  explicit TileMatrix(const torch::Tensor& matrix);

  int64_t depth() const { return depth_; }
  int64_t width() const { return width_; }
  // The columns 32 * block .. of all rows: [depth / 32][2][16][16][2], pairs of rows of 16 columns.
  const Bfloat16* Columns(int64_t block) const {
    return static_cast<const Bfloat16*>(values_.const_data_ptr()) + block * kBlock * depth_;
  }

 private:
  int64_t depth_ = 0, width_ = 0;
  torch::Tensor values_;
};

// One of the products that are summed up together.
struct TileTerm {
  const Bfloat16* rows = nullptr;  // in tiles
  const TileMatrix* matrix = nullptr;
};

// The unit as a thread has it, from construction to destruction. Not to be shared, nor held while LibTorch multiplies.
class TileUnit {
 public:
  // Whether this CPU has one that this process may use. Without it the products are the same and slow.
  static bool IsFast();

  // Not fast: the slow way, also where there is a unit.
  explicit TileUnit(bool fast = IsFast());
  ~TileUnit();
  TileUnit(const TileUnit&) = delete;
  TileUnit& operator=(const TileUnit&) = delete;

  // sums [32][32], aligned to 64 bytes: rows 32 * row_block .. and columns 32 * column_block .. of the sum of the
  // products of terms[0 .. count-1], all of one depth.
  void Multiply(const TileTerm* terms, size_t count, int64_t row_block, int64_t column_block, float* sums) const;

 private:
  const bool fast_;
};

}  // namespace sumscope::engine::tiles

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_TILES_TILE_UNIT_H_
