#ifndef SUMSCOPE_SERVER_WORKERS_LOCAL_PROCESS_H_
#define SUMSCOPE_SERVER_WORKERS_LOCAL_PROCESS_H_

#include <string>
#include <utility>

#include "server/workers/worker_launcher.h"

namespace sumscope::workers {

// Owns a file descriptor. Thread-compatible.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

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
  std::string LogTail() const;

  const pid_t pid_;
  const FileDescriptor parent_pipe_;
  const FileDescriptor log_;
  const off_t log_start_;
  bool reaped_ = false;
  bool ended_ = false;
  WorkerExit exit_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LOCAL_PROCESS_H_
