#ifndef SUMSCOPE_SERVER_JOBS_STATE_EVENT_HUB_H_
#define SUMSCOPE_SERVER_JOBS_STATE_EVENT_HUB_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "proto/contract/base/mutex.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// Wakes watchers: a counter per run that grows whenever something about the run became durable. Carries no data, so a
// slow watcher costs nothing; watchers read storage. Also holds the latest progress of running jobs. Thread-safe.
//
// Only the limits::kMaxRecentRuns that changed last have a counter of their own. All others share one, which grows when
// a run comes to share it: who waits for one of them may be woken for nothing, but sleeps through no change.
class EventHub {
 public:
  // The run's current counter, to be passed to WaitForChange.
  uint64_t Version(const std::string& run);
  // Returns true as soon as the counter differs from `seen`, false after `timeout` or Close.
  bool WaitForChange(const std::string& run, uint64_t seen, std::chrono::milliseconds timeout);
  void Notify(const std::string& run);

  void SetProgress(const std::string& run, const v1::Progress& progress);  // notifies
  void ClearProgress(const std::string& run);
  bool GetProgress(const std::string& run, v1::Progress* progress);
  // Progress of an analysis, 0..1; `key` is runs/{run}/analyses/{analysis}.
  void SetAnalysisProgress(const std::string& run, const std::string& key, double fraction);
  double AnalysisProgress(const std::string& key);  // 0 when nothing is known
  void ClearAnalysisProgress(const std::string& key);

  // Ends every wait now and later: the server drains.
  void Close();
  bool closed();
  // For logs and debuggers.
  std::string DebugString();

 private:
  uint64_t VersionOf(const std::string& run) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Something about the run changed: wakes those who wait for it.
  void Grow(const std::string& run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_version_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<std::string, uint64_t> versions_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, std::string> by_version_ ABSL_GUARDED_BY(mutex_);  // the same, oldest first
  uint64_t shared_version_ ABSL_GUARDED_BY(mutex_) = 0;                 // of the runs that are not in versions_
  std::map<std::string, v1::Progress> progress_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, double> analysis_progress_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_EVENT_HUB_H_
