#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_

#include <string>
#include <utility>

#include "proto/contract/process/file_descriptor.h"
#include "server/workers/launch/worker_launcher.h"

namespace sumscope::workers {

inline constexpr off_t kMaxLogBytes = 10 << 20;  // a worker's log that grew longer starts anew

// A child of this process that leads a process group. Thread-compatible.
class LocalProcess final : public WorkerProcess {
 public:
  // `parent_pipe` is the write end whose closing tells the child to exit; `log` is its output, which was `log_start`
  // bytes long when it started.
  LocalProcess(pid_t pid, FileDescriptor parent_pipe, FileDescriptor log, off_t log_start);
  ~LocalProcess() override;

  pid_t pid() const override { return pid_; }
  void Terminate() override;
  void Kill() override;
  std::optional<WorkerExit> Poll() override;

 private:
  // Kills what is left of the group while the dead leader still holds its number, then reaps the leader.
  void Reap();
  bool GroupRuns() const;
  // A worker may live for months: what it writes must not fill the disk.
  void BoundLog();
  std::string LogTail() const;

  const pid_t pid_;
  const FileDescriptor parent_pipe_;
  const FileDescriptor log_;
  off_t log_start_;
  bool reaped_ = false;
  bool ended_ = false;
  WorkerExit exit_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_
