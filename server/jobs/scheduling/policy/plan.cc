#include "server/jobs/scheduling/policy/plan.h"

#include <algorithm>

namespace sumscope::jobs {

Plan FirstInFirstOut(const JobQueue& queue, const Fleet& fleet, const Usage& /*usage*/, absl::Duration now) {
  Plan plan;
  if (fleet.idle.empty()) return plan;
  const storage::Job *untried = queue.First(), *probe = queue.DueProbe(now);
  if (queue.paused_until() <= now && (untried != nullptr || probe != nullptr)) {
    const bool probes = untried == nullptr || (probe != nullptr && !queue.probed_last());
    plan.start = Plan::Start{(probes ? probe : untried)->id, *fleet.idle.begin()};
    return plan;
  }
  const absl::Duration next = untried == nullptr ? queue.NextProbe() : -absl::InfiniteDuration();
  if (next < absl::InfiniteDuration()) plan.look_again = std::max(next, queue.paused_until());
  return plan;
}

}  // namespace sumscope::jobs
