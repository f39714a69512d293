#include "server/rpc/prospects.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/resource_names.h"
#include "server/jobs/job_states.h"

namespace sumscope::rpc {

absl::StatusOr<Prospects> Prospects::Read(const Backend& backend) {
  std::vector<storage::Job> unfinished;
  SUMSCOPE_RETURN_IF_ERROR(backend.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(unfinished, reader.ListUnfinishedJobs());
    return absl::OkStatus();
  }));
  Prospects prospects(backend);
  uint32_t waiting = 0;
  for (const storage::Job& job : unfinished) {
    Job& known = prospects.jobs_[JobName(job.id)];
    if (job.state == v1::QUEUED) known.place = ++waiting;
    if (job.state == v1::RUNNING && job.start_time) known.running = absl::Now() - *job.start_time;
  }
  return prospects;
}

void Prospects::Describe(v1::Analysis* analysis) const {
  if (jobs::IsTerminal(analysis->state())) return;
  const double progress = hub_->AnalysisProgress(analysis->name());
  analysis->set_progress(progress);
  const auto job = jobs_.find(analysis->job());
  if (job == jobs_.end()) return;
  if (!analysis->state_detail().empty()) return;
  if (job->second.place > 0) {
    analysis->set_state_detail(absl::StrCat("number ", job->second.place, " of those that wait"));
  } else if (progress > 0 && progress < 1 && job->second.running > absl::ZeroDuration()) {
    // At the pace so far, in whole seconds.
    const double left = absl::ToDoubleSeconds(job->second.running) * (1 - progress) / progress;
    const absl::Duration rounded = absl::Ceil(absl::Seconds(left), absl::Seconds(1));
    analysis->set_state_detail(absl::StrCat("about ", absl::FormatDuration(rounded), " left"));
  }
}

}  // namespace sumscope::rpc
