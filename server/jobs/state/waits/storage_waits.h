#ifndef SUMSCOPE_SERVER_JOBS_STATE_WAITS_STORAGE_WAITS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_WAITS_STORAGE_WAITS_H_

#include <map>
#include <string>
#include <vector>

#include "proto/contract/base/mutex.h"

namespace sumscope::jobs {

// A running job that waits for storage, for people.
struct StorageWait {
  std::string slot, run, analysis;
  std::string reason, detail;
};

// The jobs that wait for storage now, by slot. Kept in memory, so that a full disk cannot hide a wait. Thread-safe.
class StorageWaits {
 public:
  void Set(StorageWait wait) {
    MutexLock lock(&mutex_);
    waits_[wait.slot] = std::move(wait);
  }
  void Clear(const std::string& slot) {
    MutexLock lock(&mutex_);
    waits_.erase(slot);
  }
  std::vector<StorageWait> List() const {
    MutexLock lock(&mutex_);
    std::vector<StorageWait> all;
    for (const auto& [slot, wait] : waits_) all.push_back(wait);
    return all;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, StorageWait> waits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_WAITS_STORAGE_WAITS_H_
