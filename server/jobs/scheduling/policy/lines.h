#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_LINES_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_LINES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "server/jobs/scheduling/policy/standings.h"

namespace sumscope::jobs {

// Whether a job may start though its line's others of the same group may not.
using GroupOpen = absl::FunctionRef<bool(const std::string& group)>;

// The ready jobs of one owner and priority, as they would start.
struct JobLine {
  const std::string* owner;
  Standing* standing;
  LineWalk walk;
  const storage::Job* head;  // null: nothing is left
  int looked_at = 0;         // that had no room

  // Goes on to the next job.
  void Next(GroupOpen open) { head = walk.Next(open); }
};

// Whether the first job of `a` goes before that of `b`: class, what their owners had, age.
bool GoesBefore(const JobLine& a, const JobLine& b);

// The lines of the queue's ready jobs that have one, each at its first whose sweep is `open`; in no order.
std::vector<JobLine> LinesOf(const JobQueue& queue, Standings* standings, GroupOpen open);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_LINES_H_
