#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_TILES_ROUNDING_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_TILES_ROUNDING_H_

#include <cstdint>

#include "server/engine/model/tiles/tile_unit.h"
#include "server/engine/runtime/wide.h"

namespace sumscope::engine::tiles {

// 16 numbers, at any address.
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t LaneBits __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint16_t HalfBits __attribute__((vector_size(32), aligned(2), may_alias));

inline constexpr int64_t kLanes = 16;

SUMSCOPE_WIDE_INLINE const Lanes& LanesAt(const float* at) { return *reinterpret_cast<const Lanes*>(at); }
SUMSCOPE_WIDE_INLINE Lanes& LanesAt(float* at) { return *reinterpret_cast<Lanes*>(at); }

// Writes 16 numbers to the nearest of bfloat16, the even one of two; what arithmetic gives as no number stays none.
SUMSCOPE_WIDE_INLINE void Round(const Lanes& lanes, Bfloat16* to) {
  const LaneBits bits = reinterpret_cast<const LaneBits&>(lanes);
  const LaneBits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  *reinterpret_cast<HalfBits*>(to) = __builtin_convertvector(rounded, HalfBits);
}

// The same, and to `low` what that leaves of them.
SUMSCOPE_WIDE_INLINE void Split(const Lanes& lanes, Bfloat16* high, Bfloat16* low) {
  const LaneBits bits = reinterpret_cast<const LaneBits&>(lanes);
  const LaneBits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
  *reinterpret_cast<HalfBits*>(high) = __builtin_convertvector(rounded >> 16, HalfBits);
  Round(lanes - reinterpret_cast<const Lanes&>(rounded), low);
}

}  // namespace sumscope::engine::tiles

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_TILES_ROUNDING_H_
