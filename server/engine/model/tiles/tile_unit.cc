#include "server/engine/model/tiles/tile_unit.h"

#include <cstring>

#include "server/engine/runtime/wide.h"

#if defined(__x86_64__) && defined(__linux__)
#define SUMSCOPE_HAS_AMX
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sumscope::engine::tiles {
namespace {

constexpr int64_t kTile = kTileRows * kTileDepth;

SUMSCOPE_WIDE_INLINE float FloatOf(Bfloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float number;
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

SUMSCOPE_WIDE void MultiplyPlainly(const TileTerm* terms, size_t count, int64_t row_block, int64_t column_block,
                                   float* sums) {
  std::memset(sums, 0, kBlock * kBlock * sizeof(float));
  const int64_t depth = terms->matrix->depth();
  for (size_t t = 0; t < count; ++t) {
    const Bfloat16* const columns = terms[t].matrix->Columns(column_block);
    for (int64_t row = 0; row < kBlock; ++row) {
      float* const sum = sums + row * kBlock;
      for (int64_t k = 0; k < depth; ++k) {
        const float left = FloatOf(terms[t].rows[TilePlace(row_block * kBlock + row, k, depth)]);
        const Bfloat16* const right = columns + k / kTileDepth * 2 * kTile + k % kTileDepth / 2 * 32 + k % 2;
        for (int64_t column = 0; column < kBlock; ++column) {
          sum[column] += left * FloatOf(right[column / 16 * kTile + column % 16 * 2]);
        }
      }
    }
  }
}

#ifdef SUMSCOPE_HAS_AMX

bool AskForTiles() {
  constexpr unsigned kLeaf = 7, kTiles = 1U << 24, kBfloat16 = 1U << 22;  // of EDX
  constexpr int kRequestPermission = 0x1023, kTileData = 18;              // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(kLeaf, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kTiles) == 0 || (edx & kBfloat16) == 0) return false;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// The compiler does not know all that these instructions read, so that what they read is written elsewhere.
constexpr TileShapes kShapes;

__attribute__((target("amx-tile"))) void Configure() { _tile_loadconfig(&kShapes); }
__attribute__((target("amx-tile"))) void Release() { _tile_release(); }

__attribute__((target("amx-tile,amx-bf16"), noinline)) void MultiplyByTiles(const TileTerm* terms, size_t count,
                                                                            int64_t row_block, int64_t column_block,
                                                                            float* sums) {
  const int64_t steps = terms->matrix->depth() / kTileDepth;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (size_t t = 0; t < count; ++t) {
    const Bfloat16* upper = terms[t].rows + 2 * row_block * steps * kTile;
    const Bfloat16* lower = upper + steps * kTile;
    const Bfloat16* right = terms[t].matrix->Columns(column_block);
    for (int64_t step = 0; step < steps; ++step, upper += kTile, lower += kTile, right += 2 * kTile) {
      // The columns stay in the nearest cache while all rows pass by.
      _tile_stream_loadd(4, upper, 64);
      _tile_loadd(6, right, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, right + kTile, 64);
      _tile_dpbf16ps(1, 4, 7);
      _tile_stream_loadd(5, lower, 64);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  constexpr int64_t kStride = kBlock * sizeof(float);
  _tile_stored(0, sums, kStride);
  _tile_stored(1, sums + 16, kStride);
  _tile_stored(2, sums + 16 * kBlock, kStride);
  _tile_stored(3, sums + 16 * kBlock + 16, kStride);
}

#endif

}  // namespace

TileMatrix::TileMatrix(const torch::Tensor& matrix)
    : depth_(RoundedUp(matrix.size(0), kTileDepth)), width_(RoundedUp(matrix.size(1), kBlock)) {
  torch::Tensor padded = torch::zeros({depth_, width_}, torch::kBFloat16);
  padded.slice(0, 0, matrix.size(0)).slice(1, 0, matrix.size(1)).copy_(matrix);
  // [k block, pair, of pair, column block, half, column] to [column block, k block, half, pair, column, of pair].
  values_ = padded.view({depth_ / kTileDepth, 16, 2, width_ / kBlock, 2, 16}).permute({3, 0, 4, 1, 5, 2}).contiguous();
}

bool TileUnit::IsFast() {
#ifdef SUMSCOPE_HAS_AMX
  static const bool fast = AskForTiles();
  return fast;
#else
  return false;
#endif
}

TileUnit::TileUnit(bool fast) : fast_(fast && IsFast()) {
#ifdef SUMSCOPE_HAS_AMX
  if (fast_) Configure();
#endif
}

TileUnit::~TileUnit() {
#ifdef SUMSCOPE_HAS_AMX
  if (fast_) Release();
#endif
}

void TileUnit::Multiply(const TileTerm* terms, size_t count, int64_t row_block, int64_t column_block,
                        float* sums) const {
#ifdef SUMSCOPE_HAS_AMX
  if (fast_) return MultiplyByTiles(terms, count, row_block, column_block, sums);
#endif
  MultiplyPlainly(terms, count, row_block, column_block, sums);
}

}  // namespace sumscope::engine::tiles
