#include "server/jobs/scheduling/wait_reason.h"

#include "proto/contract/errors/status_macros.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {

storage::Job ShowWaitReason(Context* context, const storage::Job& job, const std::string& reason,
                            const std::string& detail) {
  if (job.reason == reason) return job;
  const absl::Status status = context->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, job.id));
    if (target.job.state != v1::QUEUED) return absl::OkStatus();
    return Change(transaction, context->clock->Now(), &target, v1::QUEUED, reason, detail);
  });
  if (!status.ok()) return job;
  context->hub->Notify(job.run);
  storage::Job shown = job;
  shown.reason = reason;
  return shown;
}

}  // namespace sumscope::jobs
