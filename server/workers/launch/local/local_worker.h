#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_WORKER_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"
#include "server/workers/launch/local/local_process.h"
#include "server/workers/launch/worker_launcher.h"

namespace sumscope::workers {

// A worker of this machine from its launch on. A thread of each worker's own does what a disk may hold up: it starts
// the process, bounds its log while it runs and reads the log's end when it is over. Until the start has returned, Poll
// says STARTING, and until the log is read, RUNNING. A start cannot be broken off: Kill and Terminate have the process
// killed as soon as the start returns it. Thread-compatible, as WorkerProcess is; the mutex is for the worker's own
// thread, which never holds it while it waits for a disk.
class LocalWorker final : public WorkerProcess {
 public:
  // Called at most once, by the worker's own thread.
  using Start = std::function<absl::StatusOr<std::unique_ptr<LocalProcess>>()>;
  explicit LocalWorker(Start start);
  ~LocalWorker() override;

  pid_t pid() const override;
  void Terminate() override;
  void Kill() override;
  WorkerStatus Poll() override;

 private:
  // Of the worker's own thread.
  void Run(const Start& start);
  bool GivenUp() const;
  // Returns the log of a process that runs, which lives as long as the thread; else null.
  WorkerLog* Keep(absl::StatusOr<std::unique_ptr<LocalProcess>> process);
  void KeepLog(WorkerLog* log);
  // Waits a while. Returns false, at once, when there is nothing more to bound.
  bool RunsOn();

  mutable Mutex mutex_;
  CondVar changed_;
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;                 // by the destructor: nobody asks for its end
  std::optional<absl::Status> started_ ABSL_GUARDED_BY(mutex_);  // how the start went, once it is over
  std::unique_ptr<LocalProcess> process_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> end_ ABSL_GUARDED_BY(mutex_);  // of its processes
  std::optional<WorkerExit> exit_ ABSL_GUARDED_BY(mutex_);  // that, once the end of the log is read
  std::thread thread_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_WORKER_H_
