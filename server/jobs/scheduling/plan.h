#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_PLAN_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_PLAN_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "server/jobs/scheduling/job_queue.h"

namespace sumscope::jobs {

// What can run jobs.
struct Fleet {
  std::set<std::string> idle;  // slots that take a task now
};

// What owners have had of the devices.
struct Usage {
  std::map<std::string, double> device_seconds;  // by owner
};

// What is to be done now.
struct Plan {
  struct Start {
    std::string job, slot;
  };
  std::optional<Start> start;  // one at a time: whoever carries it out asks again
  // Without a start: when there may be one though nothing else happens; InfiniteDuration for never.
  absl::Duration look_again = absl::InfiniteDuration();
};

// Decides who starts next and where. Pure: the same arguments give the same plan, and nothing is changed.
using Planner = std::function<Plan(const JobQueue& queue, const Fleet& fleet, const Usage& usage, absl::Duration now)>;

// First in, first out on the first idle slot. A job that probes for a refused run and one that was not tried go turn by
// turn: refused runs hold up nobody for long, and do not wait for ever beside a queue that never ends.
Plan FirstInFirstOut(const JobQueue& queue, const Fleet& fleet, const Usage& usage, absl::Duration now);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_PLAN_H_
