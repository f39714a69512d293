#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_ESTIMATES_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_ESTIMATES_H_

#include <set>
#include <string>

#include "server/jobs/scheduling/queue.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Remembers when jobs that came into the queue were expected to end, so that it can be told how wrong such estimates
// are. Confined to one thread.
class Estimates {
 public:
  // Both outlive it.
  Estimates(Context* context, Queue* queue) : context_(context), queue_(queue) {}

  // Of those of `jobs` (ids) that can be foretold now and have no estimate. What cannot be stored is forgotten.
  void Keep(const std::set<std::string>& jobs);

 private:
  Context* const context_;
  Queue* const queue_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_ESTIMATES_H_
