#ifndef SUMSCOPE_PROTO_CONTRACT_BASE_CLOCK_H_
#define SUMSCOPE_PROTO_CONTRACT_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace sumscope {

// Where a component reads time from; a constructor argument, so that tests decide. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time, for people and records. May jump; nothing waits on it.
  virtual absl::Time Now() = 0;
  // Monotonic time since some origin, for every wait, back-off and deadline.
  virtual absl::Duration Monotonic() = 0;

  // The machine's clocks. Never deleted.
  static Clock* Real();
};

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_BASE_CLOCK_H_
