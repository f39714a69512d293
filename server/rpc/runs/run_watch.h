#ifndef SUMSCOPE_SERVER_RPC_RUNS_RUN_WATCH_H_
#define SUMSCOPE_SERVER_RPC_RUNS_RUN_WATCH_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/rpc/runs/watch_token.h"
#include "server/rpc/serve/backend.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// Reads what a watcher of one run has not seen yet: state changes from the catalog and log entries from the run file,
// merged by their sequences, each with the token that continues after it. Confined to its call.
class RunWatch {
 public:
  RunWatch(const Backend& backend, storage::Viewer viewer, std::string run, WatchToken token)
      : backend_(backend), viewer_(std::move(viewer)), run_(std::move(run)), token_(token) {}

  // The next events in order. Sets *moved when something was read, shown or not; sets *ended to the run once it is
  // terminal and nothing is left. NOT_FOUND RUN_NOT_FOUND once the viewer may not see it; OUT_OF_RANGE
  // RESUME_TOKEN_EXPIRED; errors of RunFiles::Open.
  absl::StatusOr<std::vector<v1::WatchRunResponse>> Next(bool* moved, std::unique_ptr<v1::Run>* ended);

 private:
  // NOT_FOUND RUN_FILE_NOT_FOUND when the run has begun and its file is gone.
  absl::StatusOr<std::vector<storage::LogEntry>> NewLogEntries(const v1::Run& run);
  absl::StatusOr<v1::WatchRunResponse> FromLog(const storage::LogEntry& entry);
  // Whether the event has log entries before it that were not read yet. They are waited for once: a file from a backup
  // may lack them.
  bool IsAheadOfLog(const storage::Event& event);

  const Backend& backend_;
  const storage::Viewer viewer_;
  const std::string run_;
  WatchToken token_;
  uint64_t awaited_ = 0;  // the event of the last IsAheadOfLog
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_RUN_WATCH_H_
