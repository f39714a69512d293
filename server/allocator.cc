#include "server/allocator.h"

#include <malloc.h>

namespace sumscope {
namespace {

constexpr int kArenas = 4;
constexpr int kLarge = 256 << 10;  // bytes

}  // namespace

void BoundAllocator() {
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kLarge);
}

void TrimAllocator() { malloc_trim(0); }

}  // namespace sumscope
