#include "server/worker/convert/intervals.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>

namespace sumscope::worker {
namespace {

constexpr double kTail = 0.025;  // of a 95 % interval, each side

uint32_t Saturated(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

Interval ClopperPearson(uint64_t correct, uint64_t count) {
  if (count == 0) return {0, 1};
  const double n = static_cast<double>(count), x = static_cast<double>(correct);
  const double log_tail = std::log(kTail) / n;
  if (correct == 0) return {0, -std::expm1(log_tail)};
  if (correct == count) return {std::exp(log_tail), 1};
  return {boost::math::ibeta_inv(x, n - x + 1, kTail), boost::math::ibetac_inv(x + 1, n - x, kTail)};
}

sumscope::v1::Rate RateOf(uint64_t correct, uint64_t count) {
  const Interval interval = ClopperPearson(correct, count);
  sumscope::v1::Rate rate;
  rate.set_count(Saturated(count));
  rate.set_correct(Saturated(correct));
  rate.set_rate(count == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(count));
  rate.set_lower(interval.lower);
  rate.set_upper(interval.upper);
  return rate;
}

std::optional<uint32_t> Nines(uint64_t correct, uint64_t count) {
  if (correct >= count) return std::nullopt;
  uint32_t nines = 0;
  for (uint64_t failures = (count - correct); failures <= count / 10; failures *= 10) ++nines;
  return nines;
}

}  // namespace sumscope::worker
