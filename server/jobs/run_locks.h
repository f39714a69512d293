#ifndef SUMSCOPE_SERVER_JOBS_RUN_LOCKS_H_
#define SUMSCOPE_SERVER_JOBS_RUN_LOCKS_H_

#include <set>
#include <string>
#include <utility>

#include "proto/contract/base/mutex.h"

namespace sumscope::jobs {

// One lock for each run, so that a run whose file is slow, or held by another program, makes nobody else wait.
// Thread-safe.
class RunLocks {
 public:
  // Holds the lock of `run` while it lives.
  class Held {
   public:
    Held(RunLocks* locks, std::string run) : locks_(locks), run_(std::move(run)) {
      MutexLock lock(&locks_->mutex_);
      while (!locks_->held_.insert(run_).second) locks_->changed_.Wait(&locks_->mutex_);
    }
    ~Held() {
      MutexLock lock(&locks_->mutex_);
      locks_->held_.erase(run_);
      locks_->changed_.NotifyAll();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    RunLocks* const locks_;
    const std::string run_;
  };

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RUN_LOCKS_H_
