#ifndef SUMSCOPE_SERVER_ENGINE_DATA_PERMUTATION_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_PERMUTATION_H_

#include <cstdint>
#include <vector>

namespace sumscope::engine {

// A seeded permutation of 0 .. count-1, count below 2^32. `column` tells the uses of one seed apart: words are drawn
// from the analysis stream at (row, column), the row being the place that is drawn for.

// Any permutation (Fisher and Yates).
std::vector<int64_t> Permutation(uint64_t count, uint64_t seed, uint32_t column);

// One that leaves nothing in its place: a single cycle (Sattolo, 1986). Of a count of 1 the identity.
std::vector<int64_t> CyclicPermutation(uint64_t count, uint64_t seed, uint32_t column);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_PERMUTATION_H_
