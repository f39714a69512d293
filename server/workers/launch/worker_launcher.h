#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_WORKER_LAUNCHER_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_WORKER_LAUNCHER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

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
  bool quick = false;       // answers people who wait: it goes before other workers
};

// How a worker ended.
struct WorkerExit {
  // For people: exited with status 3; killed by signal 11 (Segmentation fault); why it could not be started.
  std::string description;
  std::string log_tail;  // the last lines that this start wrote to its log; may be empty
};

// How far a launched worker is.
struct WorkerStatus {
  enum class Phase {
    kPending,   // waits for a place to run, as long as that takes
    kStarting,  // on its way to a process
    kRunning,   // a process of it runs
    kEnded,     // nothing of it runs, nor will
  };
  Phase phase = Phase::kStarting;
  std::string detail;  // of kPending, for people: what it waits for, and when it is expected to start
  WorkerExit exit;     // of kEnded
};

// One worker with all its descendants, from its launch to its end. No call blocks but the destructor, which kills what
// runs and waits for its end, and for that of a start. Thread-compatible.
class WorkerProcess {
 public:
  virtual ~WorkerProcess() = default;
  // On this machine, once it has one; else 0. For people.
  virtual pid_t pid() const = 0;
  // SIGTERM and SIGKILL to all its processes. Before there is one, either gives the start up. No effect once Poll said
  // that it ended.
  virtual void Terminate() = 0;
  virtual void Kill() = 0;
  // Looks how far it is. When the leader of its processes is over, the rest of them is killed.
  virtual WorkerStatus Poll() = 0;
};

// Starts workers. Thread-safe.
class WorkerLauncher {
 public:
  virtual ~WorkerLauncher() = default;
  // Begins a start and returns at once: what may take long (a program on a slow disk, another program that is asked,
  // the queue of a cluster) goes on beside, and Poll says how far it is. A start that fails is a worker that ended.
  virtual std::unique_ptr<WorkerProcess> Launch(const WorkerSpec& spec) = 0;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_WORKER_LAUNCHER_H_
