#include "server/jobs/state/event_hub.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/limits.h"

namespace sumscope::jobs {

uint64_t EventHub::VersionOf(const std::string& run) const {
  const auto found = versions_.find(run);
  return found == versions_.end() ? shared_version_ : found->second;
}

void EventHub::Grow(const std::string& run) {
  uint64_t& version = versions_[run];
  by_version_.erase(version);
  version = next_version_++;
  by_version_[version] = run;
  if (versions_.size() > limits::kMaxRecentRuns) {
    const auto oldest = by_version_.begin();
    shared_version_ = oldest->first;  // those that share it changed then, or before
    versions_.erase(oldest->second);
    by_version_.erase(oldest);
  }
  changed_.NotifyAll();
}

uint64_t EventHub::Version(const std::string& run) {
  MutexLock lock(&mutex_);
  return VersionOf(run);
}

bool EventHub::WaitForChange(const std::string& run, uint64_t seen, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(&mutex_);
  while (!closed_) {
    if (VersionOf(run) != seen) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return false;
}

void EventHub::Notify(const std::string& run) {
  MutexLock lock(&mutex_);
  Grow(run);
}

void EventHub::SetProgress(const std::string& run, const v1::Progress& progress) {
  MutexLock lock(&mutex_);
  progress_[run] = progress;
  Grow(run);
}

void EventHub::ClearProgress(const std::string& run) {
  MutexLock lock(&mutex_);
  progress_.erase(run);
}

bool EventHub::GetProgress(const std::string& run, v1::Progress* progress) {
  MutexLock lock(&mutex_);
  const auto found = progress_.find(run);
  if (found == progress_.end()) return false;
  *progress = found->second;
  return true;
}

void EventHub::SetAnalysisProgress(const std::string& run, const std::string& key, double fraction) {
  MutexLock lock(&mutex_);
  analysis_progress_[key] = fraction;
  Grow(run);
}

void EventHub::ClearAnalysisProgress(const std::string& key) {
  MutexLock lock(&mutex_);
  analysis_progress_.erase(key);
}

double EventHub::AnalysisProgress(const std::string& key) {
  MutexLock lock(&mutex_);
  const auto found = analysis_progress_.find(key);
  return found == analysis_progress_.end() ? 0 : found->second;
}

void EventHub::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

bool EventHub::closed() {
  MutexLock lock(&mutex_);
  return closed_;
}

std::string EventHub::DebugString() {
  MutexLock lock(&mutex_);
  return absl::StrCat("hub with counters of ", versions_.size(), " runs, progress of ", progress_.size(), " runs and ",
                      analysis_progress_.size(), " analyses", closed_ ? ", closed" : "");
}

}  // namespace sumscope::jobs
