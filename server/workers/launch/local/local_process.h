#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "proto/contract/process/file_descriptor.h"
#include "server/workers/launch/local/worker_log.h"

namespace sumscope::workers {

// A child of this process that leads a process group. Thread-compatible, with its log apart: one thread may use that
// beside one that uses the rest. The destructor kills the group and reaps its leader.
class LocalProcess {
 public:
  // `parent_pipe` is the write end whose closing tells the child to exit; `log` is its output.
  LocalProcess(pid_t pid, FileDescriptor parent_pipe, WorkerLog log);
  ~LocalProcess();
  LocalProcess(const LocalProcess&) = delete;
  LocalProcess& operator=(const LocalProcess&) = delete;

  pid_t pid() const { return pid_; }
  WorkerLog* log() { return &log_; }
  // SIGTERM and SIGKILL to the group. No effect once Poll said that it ended.
  void Terminate();
  void Kill();
  // Returns how it ended, for people, once no process of its group runs any more. When the leader is over, the rest of
  // the group is killed. Never blocks.
  std::optional<std::string> Poll();

 private:
  // Kills what is left of the group while the dead leader still holds its number, then reaps the leader.
  void Reap();
  bool GroupRuns() const;

  const pid_t pid_;
  const FileDescriptor parent_pipe_;
  WorkerLog log_;
  bool reaped_ = false;
  bool ended_ = false;
  std::string end_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_PROCESS_H_
