#ifndef SUMSCOPE_SERVER_HOST_LOOK_THREAD_H_
#define SUMSCOPE_SERVER_HOST_LOOK_THREAD_H_

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::host {

// A thread that looks at something again and again, so that what a look waits for, a database or a disk, holds up
// nobody else. Confined to the thread that owns it.
class LookThread {
 public:
  // `look` is called `interval` after the start, and after the end of each look.
  LookThread(absl::Duration interval, std::function<void()> look);
  // Returns once a look that is under way has ended.
  ~LookThread();
  LookThread(const LookThread&) = delete;
  LookThread& operator=(const LookThread&) = delete;

 private:
  void Loop();
  // False: it is to end.
  bool WaitForNext();

  const absl::Duration interval_;
  const std::function<void()> look_;
  Mutex mutex_;
  CondVar changed_;
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sumscope::host

#endif  // SUMSCOPE_SERVER_HOST_LOOK_THREAD_H_
