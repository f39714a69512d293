#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_WORKER_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"
#include "server/workers/launch/local/local_process.h"
#include "server/workers/launch/worker_launcher.h"

namespace sumscope::workers {

// A worker of this machine from its launch on. A thread of each worker's own starts the process; until the start has
// returned, Poll says STARTING. A start cannot be broken off: Kill and Terminate have the process killed as soon as the
// start returns it. Thread-compatible, as WorkerProcess is; the mutex is for the starting thread.
class LocalWorker final : public WorkerProcess {
 public:
  // Called at most once, by the starting thread.
  using Start = std::function<absl::StatusOr<std::unique_ptr<LocalProcess>>()>;
  explicit LocalWorker(Start start);
  ~LocalWorker() override;

  pid_t pid() const override;
  void Terminate() override;
  void Kill() override;
  WorkerStatus Poll() override;

 private:
  // Of the starting thread.
  void Run(const Start& start);
  bool GivenUp() const;
  void Keep(absl::StatusOr<std::unique_ptr<LocalProcess>> process);

  mutable Mutex mutex_;
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> started_ ABSL_GUARDED_BY(mutex_);  // how the start went, once it is over
  std::unique_ptr<LocalProcess> process_ ABSL_GUARDED_BY(mutex_);
  std::thread starter_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_WORKER_H_
