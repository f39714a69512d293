#include "server/rpc/predictions/speed.h"

#include <algorithm>

namespace sumscope::rpc {

Speed AssumedSpeed(uint32_t threads) {
  constexpr double kFlopsPerThread = 20e9;
  Speed speed;
  speed.training_flops_per_second = kFlopsPerThread * std::max(1u, threads);
  speed.answering_flops_per_second = speed.intervening_flops_per_second = speed.training_flops_per_second;
  return speed;
}

Speed SpeedOf(const std::vector<v1::Slot>& slots) {
  Speed sum = {};
  double count = 0;
  for (const v1::Slot& slot : slots) {
    const v1::Rates& rates = slot.rates();
    if (!(rates.training_flops_per_second() > 0 && rates.answering_flops_per_second() > 0 &&
          rates.intervening_flops_per_second() > 0)) {
      continue;
    }
    ++count;
    sum.training_flops_per_second += rates.training_flops_per_second();
    sum.training_step_seconds += rates.training_step_seconds();
    sum.answering_flops_per_second += rates.answering_flops_per_second();
    sum.intervening_flops_per_second += rates.intervening_flops_per_second();
  }
  if (count == 0) return AssumedSpeed(slots.empty() ? 1 : slots.front().threads());
  return {true, sum.training_flops_per_second / count, sum.training_step_seconds / count,
          sum.answering_flops_per_second / count, sum.intervening_flops_per_second / count};
}

}  // namespace sumscope::rpc
