#ifndef SUMSCOPE_SERVER_WORKER_CONVERT_INTERVALS_H_
#define SUMSCOPE_SERVER_WORKER_CONVERT_INTERVALS_H_

#include <cstdint>
#include <optional>

#include "sumscope/v1/analyses.pb.h"

namespace sumscope::worker {

struct Interval {
  double lower = 0;
  double upper = 1;
};

// The exact (Clopper & Pearson 1934) 95 % interval of a probability that was seen `correct` of `count` times: the
// bounds at which the binomial tail on either side is 2.5 %. [0, 1] without observations.
Interval ClopperPearson(uint64_t correct, uint64_t count);

// A rate with its interval. Counts beyond 2^32-1 are reported as that; rate and interval come from the true ones.
sumscope::v1::Rate RateOf(uint64_t correct, uint64_t count);

// floor(-log10(failures / count)), on integers; nothing without a failure.
std::optional<uint32_t> Nines(uint64_t correct, uint64_t count);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_CONVERT_INTERVALS_H_
