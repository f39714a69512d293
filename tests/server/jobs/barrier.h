#ifndef SUMSCOPE_TESTS_SERVER_JOBS_BARRIER_H_
#define SUMSCOPE_TESTS_SERVER_JOBS_BARRIER_H_

#include <chrono>

#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::jobs {

// Holds writers until released.
class Barrier {
 public:
  absl::Status Enter() {
    MutexLock lock(&mutex_);
    entered_ = true;
    changed_.NotifyAll();
    while (!released_) changed_.WaitFor(&mutex_, std::chrono::milliseconds(1000));
    return absl::OkStatus();
  }
  void WaitUntilEntered() {
    MutexLock lock(&mutex_);
    while (!entered_) changed_.WaitFor(&mutex_, std::chrono::milliseconds(1000));
  }
  void Release() {
    MutexLock lock(&mutex_);
    released_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool entered_ ABSL_GUARDED_BY(mutex_) = false, released_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_TESTS_SERVER_JOBS_BARRIER_H_
