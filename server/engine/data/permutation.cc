#include "server/engine/data/permutation.h"

#include <numeric>
#include <utility>

#include "server/engine/data/philox.h"

namespace sumscope::engine {
namespace {

// Each place from the last down is exchanged with one of those before it, or with itself where `may_stay`.
std::vector<int64_t> Draw(uint64_t count, uint64_t seed, uint32_t column, bool may_stay) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t i = count; i > 1; --i) {
    const auto row = static_cast<uint32_t>(i - 1);
    const uint32_t word = DrawBlock(seed, Stream::kAnalysis, 0, row, column)[0];
    std::swap(order[row], order[Below(word, may_stay ? row + 1 : row)]);
  }
  return order;
}

}  // namespace

std::vector<int64_t> Permutation(uint64_t count, uint64_t seed, uint32_t column) {
  return Draw(count, seed, column, true);
}

std::vector<int64_t> CyclicPermutation(uint64_t count, uint64_t seed, uint32_t column) {
  return Draw(count, seed, column, false);
}

}  // namespace sumscope::engine
