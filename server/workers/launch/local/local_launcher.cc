#include "server/workers/launch/local/local_launcher.h"

#include <utility>

#include "server/workers/launch/local/local_worker.h"

namespace sumscope::workers {

LocalLauncher::LocalLauncher(Options options) : options_(std::move(options)) {}

std::unique_ptr<WorkerProcess> LocalLauncher::Launch(const WorkerSpec& spec) {
  return std::make_unique<LocalWorker>([options = options_, spec] { return StartProcess(options, spec); });
}

}  // namespace sumscope::workers
