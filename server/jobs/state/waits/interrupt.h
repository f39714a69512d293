#ifndef SUMSCOPE_SERVER_JOBS_STATE_WAITS_INTERRUPT_H_
#define SUMSCOPE_SERVER_JOBS_STATE_WAITS_INTERRUPT_H_

#include <chrono>

#include "absl/time/time.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::jobs {

// Ends the back-off waits of a server that shuts down. Thread-safe.
class Interrupt {
 public:
  void Set() {
    MutexLock lock(&mutex_);
    set_ = true;
    changed_.NotifyAll();
  }
  bool IsSet() {
    MutexLock lock(&mutex_);
    return set_;
  }
  // Waits for `delay`; returns true at once when set meanwhile.
  bool WaitFor(absl::Duration delay) {
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(delay);
    MutexLock lock(&mutex_);
    while (!set_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      changed_.WaitFor(&mutex_, left);
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_WAITS_INTERRUPT_H_
