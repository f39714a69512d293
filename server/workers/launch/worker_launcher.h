#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_WORKER_LAUNCHER_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_WORKER_LAUNCHER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace sumscope::workers {

// What one worker is started with. It is known by (token, generation): a process's number is given again, and means
// nothing on another host.
struct WorkerSpec {
  std::string slot;    // cpu0
  std::string device;  // cpu
  uint32_t threads = 1;
  std::string server;       // where the link listens: unix:/path
  std::string token;        // of this launch only; never on a command line or in an environment
  uint64_t generation = 0;  // counts the slot's launches, from 1
};

// How a worker ended.
struct WorkerExit {
  std::string description;  // for people: exited with status 3; killed by signal 11 (Segmentation fault)
  std::string log_tail;     // the last lines that this start wrote to its log; may be empty
};

// One started worker with all its descendants: a process group of its own. Thread-compatible. The destructor kills the
// group and reaps its leader.
class WorkerProcess {
 public:
  virtual ~WorkerProcess() = default;
  // For people.
  virtual pid_t pid() const = 0;
  // SIGTERM and SIGKILL to the group. No effect once Poll said that it ended.
  virtual void Terminate() = 0;
  virtual void Kill() = 0;
  // Returns how the worker ended once no process of its group runs any more. When the leader is over, the rest of the
  // group is killed. Never blocks.
  virtual std::optional<WorkerExit> Poll() = 0;
};

// Starts workers. Thread-safe.
class WorkerLauncher {
 public:
  virtual ~WorkerLauncher() = default;
  virtual absl::StatusOr<std::unique_ptr<WorkerProcess>> Launch(const WorkerSpec& spec) = 0;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_WORKER_LAUNCHER_H_
