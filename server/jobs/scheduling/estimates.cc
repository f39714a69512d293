#include "server/jobs/scheduling/estimates.h"

#include <map>
#include <memory>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"

namespace sumscope::jobs {

void Estimates::Keep(const std::set<std::string>& jobs) {
  const std::shared_ptr<const QueueView> view = queue_->View();
  std::map<std::string, absl::Time> ends;
  for (const std::string& id : jobs) {
    const QueuedJob* const job = view->Find(id);
    if (job == nullptr || !job->expected.has_value() || job->job.expected_end_time.has_value()) continue;
    ends[id] = view->time + absl::Seconds(job->expected->end_seconds);
  }
  if (ends.empty()) return;
  context_->catalog
      ->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
        for (const auto& [id, end] : ends) {
          absl::StatusOr<storage::Job> job = transaction.jobs().Get(storage::Viewer::Server(), id);
          if (!job.ok() || IsTerminal(job->state) || job->expected_end_time.has_value()) continue;
          job->expected_end_time = end;
          SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Update(*job));
        }
        return absl::OkStatus();
      })
      .IgnoreError();
}

}  // namespace sumscope::jobs
