#include "server/jobs/scheduling/wait_reason.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {
namespace {

// Whether the slot has no worker and is not about to get one: a start after a failed one is no promise.
bool CannotWork(const v1::Slot& slot) {
  if (slot.state() == "STARTING") return slot.restarts() > 0 && !slot.detail().empty();
  return slot.state() == "BROKEN" || slot.state() == "BACKING_OFF";
}

}  // namespace

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

std::string WhyNoWorker(const std::vector<v1::Slot>& slots) {
  std::string why;
  for (const v1::Slot& slot : slots) {
    if (!CannotWork(slot)) return "";
    absl::StrAppend(&why, why.empty() ? "" : "; ", "slot ", slot.name(), ": ", slot.detail());
  }
  return why;
}

}  // namespace sumscope::jobs
