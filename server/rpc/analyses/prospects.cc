#include "server/rpc/analyses/prospects.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/scheduling/queue.h"
#include "server/rpc/queue/estimates.h"

namespace sumscope::rpc {
namespace {

// At the pace so far, in whole seconds.
void SayTimeLeft(const storage::Job& job, v1::Analysis* analysis) {
  const double progress = analysis->progress();
  if (job.state != v1::RUNNING || !job.start_time.has_value() || !(progress > 0 && progress < 1)) return;
  const absl::Duration running = absl::Now() - *job.start_time;
  if (running <= absl::ZeroDuration()) return;
  const absl::Duration left = absl::Ceil(running * ((1 - progress) / progress), absl::Seconds(1));
  analysis->set_state_detail(absl::StrCat("about ", absl::FormatDuration(left), " left"));
}

// Of one that the queue knows to wait.
void SayPlace(const jobs::QueuedJob& queued, v1::Analysis* analysis) {
  if (!queued.wait.reason.empty()) analysis->set_state_reason(queued.wait.reason);
  if (queued.place == 0) return analysis->set_state_detail(queued.wait.detail);
  std::string detail = absl::StrCat("number ", queued.place, " of those that wait");
  if (queued.expected.has_value()) {
    absl::StrAppend(&detail, ", starts in about ", AboutDuration(absl::Seconds(queued.expected->start_seconds)));
  }
  analysis->set_state_detail(detail);
}

}  // namespace

absl::Status AddProspects(const Backend& backend, const storage::Viewer& viewer,
                          const std::vector<v1::Analysis*>& analyses) {
  std::vector<v1::Analysis*> unexplained;
  for (v1::Analysis* const analysis : analyses) {
    if (IsTerminal(analysis->state())) continue;
    analysis->set_progress(backend.hub->AnalysisProgress(analysis->name()));
    if (analysis->state_detail().empty() && !analysis->job().empty()) unexplained.push_back(analysis);
  }
  if (unexplained.empty()) return absl::OkStatus();
  const std::shared_ptr<const jobs::QueueView> view = backend.manager->queue().View();
  return backend.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    for (v1::Analysis* const analysis : unexplained) {
      const absl::StatusOr<storage::Job> job = reader.jobs().Get(viewer, IdOf(analysis->job()));
      if (absl::IsNotFound(job.status())) continue;  // deleted meanwhile
      SUMSCOPE_RETURN_IF_ERROR(job.status());
      const jobs::QueuedJob* const queued = view->Find(job->id);
      if (job->state == v1::QUEUED && queued != nullptr && queued->IsOf(*job)) SayPlace(*queued, analysis);
      SayTimeLeft(*job, analysis);
    }
    return absl::OkStatus();
  });
}

}  // namespace sumscope::rpc
