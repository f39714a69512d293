#ifndef SUMSCOPE_SERVER_JOBS_STATE_WAITS_WAITING_H_
#define SUMSCOPE_SERVER_JOBS_STATE_WAITS_WAITING_H_

#include <chrono>

#include "absl/time/time.h"

namespace sumscope::jobs {

// Every wait is looked at again after this long at the latest.
inline constexpr absl::Duration kLongestWait = absl::Seconds(1);

// `duration` as CondVar::WaitFor takes it: never shorter, so that nobody looks in vain.
inline std::chrono::milliseconds ToWait(absl::Duration duration) {
  return std::chrono::milliseconds(absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))));
}

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_WAITS_WAITING_H_
