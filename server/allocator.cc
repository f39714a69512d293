#include "server/allocator.h"

#include <malloc.h>

namespace sumscope {
namespace {

constexpr int kArenas = 4;

}  // namespace

void BoundAllocator() { mallopt(M_ARENA_MAX, kArenas); }

void TrimAllocator() { malloc_trim(0); }

}  // namespace sumscope
