#ifndef SUMSCOPE_SERVER_JOBS_SEGMENTS_ASKED_STOPS_H_
#define SUMSCOPE_SERVER_JOBS_SEGMENTS_ASKED_STOPS_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::jobs {

// The tasks that were asked to save their state and come back, and why: a task that does so unasked has broken down.
// Thread-safe.
class AskedStops {
 public:
  struct Why {
    std::string reason, detail;  // as the job's when it is back in the queue
  };
  // Before the pool is told.
  void Put(const std::string& task_id, Why why) {
    MutexLock lock(&mutex_);
    stops_[task_id] = std::move(why);
  }
  std::optional<Why> Find(const std::string& task_id) {
    MutexLock lock(&mutex_);
    const auto found = stops_.find(task_id);
    return found == stops_.end() ? std::nullopt : std::make_optional(found->second);
  }
  // The task is over.
  void Forget(const std::string& task_id) {
    MutexLock lock(&mutex_);
    stops_.erase(task_id);
  }

 private:
  Mutex mutex_;
  std::map<std::string, Why> stops_ ABSL_GUARDED_BY(mutex_);  // by task_id
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SEGMENTS_ASKED_STOPS_H_
