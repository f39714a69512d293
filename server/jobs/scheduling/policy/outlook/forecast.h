#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "server/jobs/scheduling/policy/plan.h"

namespace sumscope::jobs {

struct ForecastModel;

// From now on, in seconds.
struct Expected {
  double start_seconds = 0, end_seconds = 0;
};

// When jobs are expected to start and to end, by playing the plan forward: slices, limits, usage that is charged on the
// way. Jobs without a known length count as the mean of those that have one. A light copy of a situation: whoever has a
// lock makes it under the lock (a few milliseconds for 10,000 jobs) and asks it without.
class Forecast {
 public:
  explicit Forecast(const Situation& situation);
  ~Forecast();
  Forecast(Forecast&&) noexcept;

  // Of running jobs (their start is 0) and of the first `limit` of the queue's order. Absent are the others, those that
  // are held, refused or wait for a run, those that nobody can tell about, for no slot takes them or no length is
  // known, and those so far ahead that limits of the play do not reach them. For 10,000 jobs some 100 ms.
  std::map<std::string, Expected> Play(size_t limit) const;

 private:
  std::unique_ptr<const ForecastModel> model_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_OUTLOOK_FORECAST_H_
