#include "server/rpc/analyses/prospects.h"

#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

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

// In the order of the queue, so that each part of it is counted once.
absl::Status SayPlaces(storage::CatalogReader& reader, const storage::Viewer& viewer,
                       const std::map<uint64_t, v1::Analysis*>& waiting) {
  uint64_t counted_to = 0, place = 0;
  for (const auto& [position, analysis] : waiting) {
    SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t more, reader.jobs().CountQueued(viewer, counted_to, position));
    counted_to = position;
    place += more;
    analysis->set_state_detail(absl::StrCat("number ", place, " of those that wait"));
  }
  return absl::OkStatus();
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
  return backend.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    std::map<uint64_t, v1::Analysis*> waiting;  // by their positions in the queue
    for (v1::Analysis* const analysis : unexplained) {
      const absl::StatusOr<storage::Job> job = reader.jobs().Get(viewer, IdOf(analysis->job()));
      if (absl::IsNotFound(job.status())) continue;  // deleted meanwhile
      SUMSCOPE_RETURN_IF_ERROR(job.status());
      if (job->state == v1::QUEUED) waiting[job->queue_position] = analysis;
      SayTimeLeft(*job, analysis);
    }
    return SayPlaces(reader, viewer, waiting);
  });
}

}  // namespace sumscope::rpc
