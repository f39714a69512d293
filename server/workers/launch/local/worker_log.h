#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_WORKER_LOG_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_WORKER_LOG_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "proto/contract/process/file_descriptor.h"

namespace sumscope::workers {

inline constexpr off_t kMaxLogBytes = 10 << 20;  // a worker's log that grew longer starts anew

// The file that a worker's output is appended to. Each call takes as long as the file's disk does to answer.
// Thread-compatible.
class WorkerLog {
 public:
  // `start`: how long the file was when the worker started.
  WorkerLog(FileDescriptor file, off_t start) : file_(std::move(file)), start_(start) {}

  // Empties a file that grew too long: a worker may live for months, and what it writes must not fill the disk.
  void Bound();
  // The last lines that this worker wrote.
  std::string Tail() const;

 private:
  FileDescriptor file_;
  off_t start_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_WORKER_LOG_H_
