#ifndef SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_UPLOAD_DESK_H_
#define SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_UPLOAD_DESK_H_

#include <cstddef>
#include <functional>
#include <list>
#include <thread>

#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"

namespace sumscope::rpc {

// Gives each upload a thread, and at most so many at once. Outlives the server whose uploads it serves. Thread-safe.
class UploadDesk {
 public:
  explicit UploadDesk(size_t maximum) : maximum_(maximum) {}
  // Waits for those that run.
  ~UploadDesk();

  // Runs `work`, which throws nothing, in a thread of its own. RESOURCE_EXHAUSTED TOO_MANY_UPLOADS, THREADS_EXHAUSTED;
  // then it never runs.
  absl::Status Start(std::function<void()> work);

 private:
  struct Desk {
    bool done = false;
    std::thread thread;
  };

  const size_t maximum_;
  Mutex mutex_;
  std::list<Desk> desks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_TRANSFER_UPLOAD_DESK_H_
