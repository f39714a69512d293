#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_WAIT_REASON_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_WAIT_REASON_H_

#include <string>
#include <vector>

#include "server/jobs/state/context.h"
#include "storage/catalog/jobs.h"
#include "sumscope/v1/system.pb.h"

namespace sumscope::jobs {

// Records why a queued job waits on. Returns it with that reason, or as it is when the catalog does not take it.
storage::Job ShowWaitReason(Context* context, const storage::Job& job, const std::string& reason,
                            const std::string& detail);

// Why no slot can run a worker, slot by slot; "" where one can, or is about to.
std::string WhyNoWorker(const std::vector<v1::Slot>& slots);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_WAIT_REASON_H_
