#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_WAIT_REASON_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_WAIT_REASON_H_

#include <string>

#include "server/jobs/state/context.h"
#include "storage/catalog/jobs.h"

namespace sumscope::jobs {

// Records why a queued job waits on. Returns it with that reason, or as it is when the catalog does not take it.
storage::Job ShowWaitReason(Context* context, const storage::Job& job, const std::string& reason,
                            const std::string& detail);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_WAIT_REASON_H_
