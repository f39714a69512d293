#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_START_PROCESS_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_START_PROCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/workers/launch/local/local_process.h"
#include "server/workers/launch/worker_launcher.h"

namespace sumscope::workers {

struct LocalLaunchOptions {
  std::string program;                        // path of sumscope-worker
  std::vector<std::string> arguments;         // appended to its command line
  std::string log_directory;                  // exists
  int niceness = 10;                          // interactive users of the machine go first
  int quick_niceness = 0;                     // of workers that answer them
  std::vector<std::string> environment = {};  // NAME=VALUE, over this process's own
};

// Starts a worker as LocalLauncher says. Returns when it runs its program: after about a millisecond, but as late as
// the disks of log and program answer. The errors of open, pipe and posix_spawn: NOT_FOUND without such a program.
absl::StatusOr<std::unique_ptr<LocalProcess>> StartProcess(const LocalLaunchOptions& options, const WorkerSpec& spec);

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_START_PROCESS_H_
