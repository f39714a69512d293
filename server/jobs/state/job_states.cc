#include "server/jobs/state/job_states.h"

#include "proto/contract/names/states.h"

namespace sumscope::jobs {

bool IsLegalTransition(v1::State from, v1::State to) {
  if (from == to) return from != v1::STATE_UNSPECIFIED;
  switch (from) {
    case v1::QUEUED:
      // FAILED: it cannot be started, because its file is corrupt or the disk is full.
      return to == v1::STARTING || to == v1::CANCELLED || to == v1::FAILED;
    case v1::STARTING:
      // QUEUED: the worker was lost, or took part in a drain.
      return to == v1::RUNNING || to == v1::CANCELLING || to == v1::QUEUED || to == v1::FAILED;
    case v1::RUNNING:
      return to == v1::CANCELLING || to == v1::QUEUED || IsTerminal(to);
    case v1::CANCELLING:
      return IsTerminal(to);  // SUCCEEDED and FAILED: the cancellation came too late
    case v1::FAILED:
    case v1::CANCELLED:
      return to == v1::QUEUED;  // resume
    case v1::STATE_UNSPECIFIED:
      return IsTerminal(to);  // a damaged row: its file says how it ended, or it is given up
    default:
      return false;
  }
}

}  // namespace sumscope::jobs
