#include "server/rpc/serve/call_times.h"

#include <algorithm>
#include <cmath>

namespace sumscope::rpc {
namespace {

constexpr double kFirstMs = 0.01;
constexpr double kGrowth = 1.1;

}  // namespace

void CallTimes::Record(const std::string& method, absl::Duration took, bool failed) {
  const double ms = std::max(absl::ToDoubleMilliseconds(took), kFirstMs);
  const int bucket = static_cast<int>(std::ceil(std::log(ms / kFirstMs) / std::log(kGrowth)));
  MutexLock lock(&mutex_);
  Times& times = methods_[method];
  ++times.counts[std::clamp(bucket, 0, kBuckets - 1)];
  ++times.calls;
  times.errors += failed;
  times.longest = std::max(times.longest, took);
}

double CallTimes::Quantile(const Times& times, double share) {
  const auto rank = static_cast<uint64_t>(std::ceil(share * times.calls));
  uint64_t below = 0;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    below += times.counts[bucket];
    if (below >= rank) return std::min(kFirstMs * std::pow(kGrowth, bucket), absl::ToDoubleMilliseconds(times.longest));
  }
  return absl::ToDoubleMilliseconds(times.longest);
}

std::vector<v1::MethodTimes> CallTimes::Describe() const {
  std::vector<v1::MethodTimes> all;
  MutexLock lock(&mutex_);
  for (const auto& [method, times] : methods_) {
    v1::MethodTimes& described = all.emplace_back();
    described.set_method(method);
    described.set_calls(times.calls);
    described.set_errors(times.errors);
    described.set_median_ms(Quantile(times, 0.5));
    described.set_p99_ms(Quantile(times, 0.99));
    described.set_longest_ms(absl::ToDoubleMilliseconds(times.longest));
  }
  return all;
}

}  // namespace sumscope::rpc
