#ifndef SUMSCOPE_SERVER_JOBS_RUNS_NEW_RUN_H_
#define SUMSCOPE_SERVER_JOBS_RUNS_NEW_RUN_H_

#include <string>

#include "absl/time/time.h"
#include "server/jobs/state/new_work.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// How often another id is tried where a generated one is taken, with a chance of 1 in 3e10 per run.
inline constexpr int kIdTries = 5;

// The row of a run that is made now, in no state.
v1::Run RowOf(const NewRun& asked, const std::string& id, const std::string& owner, absl::Time now);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RUNS_NEW_RUN_H_
