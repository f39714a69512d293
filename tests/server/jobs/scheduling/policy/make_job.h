#ifndef SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_MAKE_JOB_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_MAKE_JOB_H_

#include <string>

#include "absl/time/time.h"
#include "storage/catalog/jobs.h"

namespace sumscope::jobs {

// When a test begins, and the longest back-off.
inline constexpr absl::Duration kNow = absl::Seconds(100), kLongest = absl::Seconds(5);

// A training.
inline storage::Job MakeJob(const std::string& id, uint64_t position, const std::string& run = "r") {
  storage::Job job;
  job.id = id;
  job.run = run;
  job.queue_position = position;
  return job;
}

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_SCHEDULING_POLICY_MAKE_JOB_H_
