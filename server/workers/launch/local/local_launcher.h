#ifndef SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_LAUNCHER_H_
#define SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_LAUNCHER_H_

#include <memory>

#include "server/workers/launch/local/start_process.h"
#include "server/workers/launch/worker_launcher.h"

namespace sumscope::workers {

// Starts workers as children of this process:
//
//   PROGRAM --server=unix:/path --slot=cpu0 --generation=1 --threads=2 --device=cpu --parent-pipe-fd=3 [ARGUMENTS]
//
// in a process group of their own, at low priority, with /dev/null as input and `worker-<slot>.log` as output and
// errors. Descriptor 3 is the read end of a pipe. Its first line is the launch's token; its end means that the
// server is gone (the write end is held by this process alone, so even kill -9 closes it), and the worker must exit
// within 2 s. No other descriptor, signal mask or ignored signal is inherited. A thread of each worker's own waits for
// the start and keeps the log.
class LocalLauncher final : public WorkerLauncher {
 public:
  using Options = LocalLaunchOptions;
  explicit LocalLauncher(Options options);

  // What it returns keeps nothing of the launcher.
  std::unique_ptr<WorkerProcess> Launch(const WorkerSpec& spec) override;

 private:
  const Options options_;
};

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_LAUNCH_LOCAL_LOCAL_LAUNCHER_H_
