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

// A worker of this machine from its launch on: a thread starts the process and ends, whoever asks meanwhile is told
// that it is starting. A start cannot be broken off: given up, its process is killed as soon as there is one.
class LocalWorker final : public WorkerProcess {
 public:
  // Called once, by the thread.
  using Start = std::function<absl::StatusOr<std::unique_ptr<LocalProcess>>()>;
  explicit LocalWorker(Start start);
  ~LocalWorker() override;

  pid_t pid() const override;
  void Terminate() override;
  void Kill() override;
  WorkerStatus Poll() override;

 private:
  // The thread.
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
