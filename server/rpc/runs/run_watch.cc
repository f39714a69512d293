#include "server/rpc/runs/run_watch.h"

#include <utility>

#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"
#include "server/rpc/runs/run_messages.h"
#include "server/rpc/serve/resolve_run.h"
#include "server/rpc/serve/sweep_veil.h"

namespace sumscope::rpc {
namespace {

// Whether events[e] came before the entry. Where it was not known when the event was recorded, its time says so, within
// what later events know.
bool IsBefore(const std::vector<storage::Event>& events, size_t e, const storage::LogEntry& entry) {
  if (events[e].log_entries.has_value()) return entry.sequence > *events[e].log_entries;
  for (size_t later = e + 1; later < events.size(); ++later) {
    if (!events[later].log_entries.has_value()) continue;
    if (entry.sequence > *events[later].log_entries) return true;
    break;
  }
  return events[e].time <= entry.time;
}

}  // namespace

absl::StatusOr<std::vector<storage::LogEntry>> RunWatch::NewLogEntries(const v1::Run& run) {
  const bool begun = run.imported() || run.segment() > 0;
  if (!begun && !backend_.run_files->Exists(run_)) return std::vector<storage::LogEntry>();
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, backend_.run_files->Open(run_));
  return file->ListLog(token_.log, limits::kMaxEventBatch);
}

absl::StatusOr<v1::WatchRunResponse> RunWatch::FromLog(const storage::LogEntry& entry) {
  v1::WatchRunResponse response;
  *response.mutable_time() = ToTimestamp(entry.time);
  if (!entry.checkpoint_step.has_value()) {
    *response.mutable_log() = ToLogLine(entry);
    return response;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, backend_.run_files->Open(run_));
  const absl::StatusOr<storage::TensorSet> set =
      file->GetTensorSet(storage::TensorSetKind::kWeights, *entry.checkpoint_step);
  if (absl::IsNotFound(set.status())) {  // gone since: what is left of it is what the log says
    *response.mutable_log() = ToLogLine(entry);
    return response;
  }
  SUMSCOPE_RETURN_IF_ERROR(set.status());
  *response.mutable_checkpoint() = ToCheckpoint(run_, *set);
  return response;
}

bool RunWatch::IsAheadOfLog(const storage::Event& event) {
  return event.log_entries.value_or(0) > token_.log && std::exchange(awaited_, event.sequence) != event.sequence;
}

absl::StatusOr<std::vector<v1::WatchRunResponse>> RunWatch::Next(bool* moved, std::unique_ptr<v1::Run>* ended) {
  // The run is read first: when it is terminal here and nothing is left of the rest, nothing can follow. The events are
  // read last: those that came before an entry of the log were recorded before it.
  v1::Run run;
  const TokenSeal* seal = nullptr;
  std::vector<storage::Event> events;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    absl::StatusOr<v1::Run> found = reader.runs().Get(viewer_, run_);
    if (absl::IsNotFound(found.status())) return RunNotFound(run_);  // removed, or turned private
    SUMSCOPE_RETURN_IF_ERROR(found.status());
    run = *std::move(found);
    SweepVeil(&reader, viewer_).Cover(&run);
    seal = &reader.token_seal();
    return absl::OkStatus();
  }));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::LogEntry> log, NewLogEntries(run));
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(events, reader.events().List(viewer_, run_, token_.event, limits::kMaxEventBatch));
    return absl::OkStatus();
  }));

  std::vector<v1::WatchRunResponse> responses;
  size_t e = 0, l = 0;
  while (e < events.size() || l < log.size()) {
    // What comes next of a full batch may belong here.
    if ((e == limits::kMaxEventBatch && e == events.size()) || (l == limits::kMaxEventBatch && l == log.size())) break;
    if (l == log.size() && IsAheadOfLog(events[e])) {
      *moved = true;
      return responses;
    }
    const bool take_event = l == log.size() || (e < events.size() && IsBefore(events, e, log[l]));
    v1::WatchRunResponse response;
    if (take_event) {
      const storage::Event& event = events[e++];
      token_.event = event.sequence;
      if (!event.of_training) continue;
      *response.mutable_time() = ToTimestamp(event.time);
      *response.mutable_state() = event.change;
    } else {
      token_.log = log[l].sequence;
      SUMSCOPE_ASSIGN_OR_RETURN(response, FromLog(log[l++]));
    }
    response.set_resume_token(token_.ToString(*seal));
    responses.push_back(std::move(response));
  }
  *moved = !events.empty() || !log.empty();
  if (!*moved && IsTerminal(run.state())) *ended = std::make_unique<v1::Run>(run);
  return responses;
}

}  // namespace sumscope::rpc
