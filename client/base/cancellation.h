#ifndef SUMSCOPE_CLIENT_BASE_CANCELLATION_H_
#define SUMSCOPE_CLIENT_BASE_CANCELLATION_H_

#include <functional>
#include <map>

#include "absl/time/time.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::client {

// The user's wish to stop (Ctrl-C), as calls, streams and waits see it. Thread-safe; a wish stays for good.
class Cancellation {
 public:
  // Wakes every wait and runs the callback of every living Scope.
  void Cancel();
  bool cancelled() const;

  // Waits for `duration` or the wish to stop, whichever comes first.
  void WaitFor(absl::Duration duration);

  // Runs `on_cancel` from the cancelling thread while the scope lives, or at once where the wish is older. The callback
  // must not block nor use this object.
  class Scope {
   public:
    Scope(Cancellation* cancellation, std::function<void()> on_cancel);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Cancellation* const cancellation_;
    int id_;
  };

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int next_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int, std::function<void()>> callbacks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_BASE_CANCELLATION_H_
