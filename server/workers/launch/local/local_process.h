#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "proto/contract/process/file_descriptor.h"
#include "server/workers/launch/worker_launcher.h"

namespace sumscope::workers {

inline constexpr off_t kMaxLogBytes = 10 << 20;  // a worker's log that grew longer starts anew

// A child of this process that leads a process group. Thread-compatible. The destructor kills the group and reaps its
// leader.
class LocalProcess {
 public:
  // `parent_pipe` is the write end whose closing tells the child to exit; `log` is its output, which was `log_start`
  // bytes long when it started.
  LocalProcess(pid_t pid, FileDescriptor parent_pipe, FileDescriptor log, off_t log_start);
  ~LocalProcess();
  LocalProcess(const LocalProcess&) = delete;
  LocalProcess& operator=(const LocalProcess&) = delete;

  pid_t pid() const { return pid_; }
  // SIGTERM and SIGKILL to the group. No effect once Poll said that it ended.
  void Terminate();
  void Kill();
  // Returns how it ended once no process of its group runs any more. When the leader is over, the rest of the group is
  // killed. Never blocks.
  std::optional<WorkerExit> Poll();

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
