#ifndef SUMSCOPE_TESTS_SERVER_TRANSPORT_MANUAL_CLOCK_H_
#define SUMSCOPE_TESTS_SERVER_TRANSPORT_MANUAL_CLOCK_H_

#include <atomic>

#include "proto/contract/base/clock.h"

namespace sumscope {

// Stands still until it is told otherwise.
class ManualClock : public Clock {
 public:
  absl::Time Now() override { return absl::UnixEpoch() + Monotonic(); }
  absl::Duration Monotonic() override { return absl::Seconds(seconds_.load()); }
  void Advance(int seconds) { seconds_ += seconds; }

 private:
  std::atomic<int> seconds_{0};
};

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SERVER_TRANSPORT_MANUAL_CLOCK_H_
