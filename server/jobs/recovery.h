#ifndef SUMSCOPE_SERVER_JOBS_RECOVERY_H_
#define SUMSCOPE_SERVER_JOBS_RECOVERY_H_

#include <string>
#include <vector>

#include "server/jobs/context.h"

namespace sumscope::jobs {

// Brings every unfinished job back to a state from which it goes on, after the server ended in whatever way. What a run
// file says of its end is true (it was written first); what the catalog says of work under way is not. Opens only the
// files of unfinished jobs. Returns what it repaired, for people. An unreadable run file fails its run, not the start.
absl::StatusOr<std::vector<std::string>> RecoverJobs(Context* context);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RECOVERY_H_
