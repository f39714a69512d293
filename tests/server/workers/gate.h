#ifndef SUMSCOPE_TESTS_SERVER_WORKERS_GATE_H_
#define SUMSCOPE_TESTS_SERVER_WORKERS_GATE_H_

#include "proto/contract/base/mutex.h"

namespace sumscope::workers {

// Holds whoever comes until it is opened; then it stays open. Thread-safe.
class Gate {
 public:
  void Open() {
    MutexLock lock(&mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  bool IsOpen() {
    MutexLock lock(&mutex_);
    return open_;
  }
  void Pass() {
    MutexLock lock(&mutex_);
    while (!open_) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_TESTS_SERVER_WORKERS_GATE_H_
