#include "server/rpc/run_watch.h"

#include <utility>

#include "proto/contract/base/status_macros.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/limits.h"
#include "server/jobs/job_states.h"
#include "server/rpc/convert.h"

namespace sumscope::rpc {

absl::StatusOr<std::vector<storage::LogEntry>> RunWatch::NewLogEntries() {
  if (!backend_.run_files->Exists(run_)) return std::vector<storage::LogEntry>();
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
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::TensorSet set,
                            file->GetTensorSet(storage::TensorSetKind::kWeights, *entry.checkpoint_step));
  *response.mutable_checkpoint() = ToCheckpoint(run_, set);
  return response;
}

absl::StatusOr<std::vector<v1::WatchRunResponse>> RunWatch::Next(bool* moved, std::unique_ptr<v1::Run>* ended) {
  // The run is read before its events: when it is terminal here and no event is left, nothing can follow.
  v1::Run run;
  std::vector<storage::Event> events;
  SUMSCOPE_RETURN_IF_ERROR(backend_.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(run, reader.GetRun(run_));
    SUMSCOPE_ASSIGN_OR_RETURN(events, reader.ListEvents(run_, token_.event, limits::kMaxEventBatch));
    return absl::OkStatus();
  }));
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<storage::LogEntry> log, NewLogEntries());

  std::vector<v1::WatchRunResponse> responses;
  size_t e = 0, l = 0;
  while (e < events.size() || l < log.size()) {
    const bool take_event = l == log.size() || (e < events.size() && events[e].time <= log[l].time);
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
    response.set_resume_token(token_.ToString());
    responses.push_back(std::move(response));
  }
  *moved = !events.empty() || !log.empty();
  if (!*moved && jobs::IsTerminal(run.state())) *ended = std::make_unique<v1::Run>(run);
  return responses;
}

}  // namespace sumscope::rpc
