#ifndef SUMSCOPE_PROTO_CONTRACT_BASE_BACK_OFF_H_
#define SUMSCOPE_PROTO_CONTRACT_BASE_BACK_OFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace sumscope {

// The wait after so many failures in a row, 1 or more: `first`, then twice as long each time, at most `longest`.
inline absl::Duration BackOffDelay(int failures, absl::Duration first, absl::Duration longest) {
  absl::Duration delay = first;
  for (int i = 1; i < failures && delay < longest; ++i) delay *= 2;
  return std::min(delay, longest);
}

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_BASE_BACK_OFF_H_
