#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_START_ORDER_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_START_ORDER_H_

#include <cstddef>
#include <vector>

#include "server/jobs/scheduling/policy/plan.h"

namespace sumscope::jobs {

// The jobs that wait, as they would start if each ran to its end on its first slot.
struct StartOrder {
  // Those of the quick lane where it is open; then the others by class, usage with what the jobs before them take, age;
  // then those of users and sweeps that have as much as they may; then, by age, those that cannot start.
  std::vector<const storage::Job*> jobs;
  size_t quick = 0;      // so many of them have the quick lane
  size_t startable = 0;  // so many of them, the first, can start
};
// The jobs are the queue's.
StartOrder OrderOf(const Situation& situation);

// Whether a slot of the quick lane takes tasks.
bool QuickLaneIsOpen(const Fleet& fleet);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_START_ORDER_H_
