#include "server/rpc/sweeps/sweep_messages.h"

#include <algorithm>
#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"

namespace sumscope::rpc {
namespace {

using Counts = std::map<v1::State, uint32_t>;

uint32_t Total(const Counts& counts) {
  uint32_t total = 0;
  for (const auto& [state, count] : counts) total += count;
  return total;
}

bool AllAre(const Counts& counts, bool (*is_so)(v1::State)) {
  return std::all_of(counts.begin(), counts.end(),
                     [&](const auto& count) { return count.second == 0 || is_so(count.first); });
}

void AddCounts(const Counts& counts, google::protobuf::RepeatedPtrField<v1::StateCount>* messages) {
  messages->Clear();
  for (const auto& [state, count] : counts) {
    if (count == 0) continue;
    v1::StateCount* const message = messages->Add();
    message->set_state(state);
    message->set_count(count);
  }
}

}  // namespace

v1::SweepState StateOf(const storage::SweepTally& tally, v1::SweepState kept) {
  const auto has_succeeded = [](v1::State state) { return state == v1::SUCCEEDED; };
  if (!AllAre(tally.runs, IsTerminal) || !AllAre(tally.analyses, IsTerminal)) return v1::SWEEP_RUNNING;
  if (kept == v1::SWEEP_CANCELLED) return v1::SWEEP_CANCELLED;
  if (AllAre(tally.runs, has_succeeded) && AllAre(tally.analyses, has_succeeded)) return v1::SWEEP_SUCCEEDED;
  // Members that somebody cancelled one by one are no failures.
  const auto has_not_failed = [](v1::State state) { return state != v1::FAILED; };
  return AllAre(tally.runs, has_not_failed) && AllAre(tally.analyses, has_not_failed) ? v1::SWEEP_CANCELLED
                                                                                      : v1::SWEEP_FAILED;
}

SweepMessages::SweepMessages(storage::CatalogReader* reader, storage::Viewer viewer, const jobs::QueueView* view,
                             jobs::EventHub* hub)
    : reader_(*reader), viewer_(std::move(viewer)), view_(*view), hub_(*hub), record_(ReadRecord(*reader)) {
  for (const jobs::QueuedJob& job : view_.jobs) {
    if (job.job.sweep.empty()) continue;
    Queued& queued = queued_[job.job.sweep];
    if (job.expected.has_value()) {
      queued.last_end = std::max(queued.last_end, job.expected->end_seconds);
    } else {
      queued.all_expected = false;
    }
    if (job.job.state != v1::QUEUED && job.job.analysis.empty()) queued.running.push_back(job.job.run);
  }
}

double SweepMessages::UncountedProgress(const Queued& queued, uint32_t runs) {
  double uncounted = 0;
  for (const std::string& id : queued.running) {
    const absl::StatusOr<v1::Run> run = reader_.runs().Get(viewer_, id);
    v1::Progress progress;
    if (!run.ok() || run->spec().steps() == 0 || !hub_.GetProgress(id, &progress)) continue;
    const double more = static_cast<double>(progress.step()) - static_cast<double>(run->steps_done());
    uncounted += std::clamp(more / static_cast<double>(run->spec().steps()), 0.0, 1.0);
  }
  return runs == 0 ? 0 : uncounted / runs;
}

absl::Status SweepMessages::Complete(v1::Sweep* sweep) {
  SUMSCOPE_RETURN_IF_ERROR(record_.status());
  if (!sweep->has_spec()) return absl::OkStatus();  // a damaged row, which says so
  const std::string id = IdOf(sweep->name());
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::SweepTally tally, reader_.sweeps().Tally(viewer_, id));
  sweep->set_runs(Total(tally.runs));
  AddCounts(tally.runs, sweep->mutable_run_counts());
  AddCounts(tally.analyses, sweep->mutable_analysis_counts());
  sweep->set_state(StateOf(tally, sweep->state()));
  double progress = tally.progress;
  const auto queued = queued_.find(id);
  if (sweep->state() == v1::SWEEP_RUNNING && queued != queued_.end()) {
    progress += UncountedProgress(queued->second, sweep->runs());
    const auto end = EstimateAt(view_.time, queued->second.last_end, *record_);
    if (queued->second.all_expected && end.has_value()) *sweep->mutable_expected_end() = *end;
  }
  sweep->set_progress(std::clamp(progress, 0.0, 1.0));
  return absl::OkStatus();
}

}  // namespace sumscope::rpc
