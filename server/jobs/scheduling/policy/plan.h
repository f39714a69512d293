#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_PLAN_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_PLAN_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/jobs/scheduling/policy/fleet.h"
#include "server/jobs/scheduling/policy/job_queue.h"
#include "server/jobs/scheduling/policy/share_policy.h"

namespace sumscope::jobs {

// What is to be done now.
struct Plan {
  struct Start {
    std::string job, slot;
  };
  std::optional<Start> start;  // one at a time: whoever carries it out asks again
  // A training that gives way: saves its state and comes back into the queue.
  struct Stop {
    std::string job, slot;
    std::string reason;   // SLICE, or PRIORITY where it gives way to one of a higher class
    std::string for_job;  // that waits for its slot
  };
  std::optional<Stop> stop;  // never beside a start
  // Without a start or a stop: when there may be one though nothing else happens; InfiniteDuration for never.
  absl::Duration look_again = absl::InfiniteDuration();
};

// All that a plan goes by. Borrowed for the call.
struct Situation {
  const JobQueue& queue;
  const Fleet& fleet;
  const Shares& shares;
  const SweepLimits& sweeps;
  const SharePolicy& policy;
  absl::Duration now;  // monotonic
};

// Decides who starts next and where, and who gives way. Pure: the same arguments give the same plan, and nothing is
// changed. The order: priority class, then the owner's device-seconds over their weight, with what their running jobs
// are still to take of their slices, then age. Quick jobs take quick slots, and others where no quick slot can take
// them. A job of a refused run that probes and one that was not tried go turn by turn. A slot that is neither idle nor
// closed and runs nothing is about to come free. For 10,000 waiting jobs of 20 users under a millisecond.
Plan MakePlan(const Situation& situation);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_PLAN_H_
