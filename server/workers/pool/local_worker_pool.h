#ifndef SUMSCOPE_SERVER_WORKERS_POOL_LOCAL_WORKER_POOL_H_
#define SUMSCOPE_SERVER_WORKERS_POOL_LOCAL_WORKER_POOL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/random_ids.h"
#include "server/workers/launch/worker_launcher.h"
#include "server/workers/pool/slot_supervisor.h"
#include "server/workers/worker_pool.h"

namespace sumscope::workers {

struct LocalWorkerPoolOptions {
  std::vector<SlotConfig> slots;
  // The Unix socket that workers link to: made at Start with mode 0600, in place of a stale one, removed at Shutdown.
  // At most 107 bytes (sockaddr_un), so rather in a runtime directory than deep in a data directory.
  std::string socket_path;
  SupervisionLimits limits;
};

// `slots`, and for each of their devices a slot of one thread for its quick lane: quick-cpu, quick-cuda0. Without that
// one where a slot has its name.
std::vector<SlotConfig> WithQuickLanes(std::vector<SlotConfig> slots);

// Workers on this machine. One thread launches and supervises all slots; each linked worker has a thread that reads and
// calls the listener, and one that writes. `launcher`, `clock` and `ids` (tokens of launches) outlive the pool.
// INVALID_ARGUMENT: SOCKET_PATH_INVALID, SLOT_NAME_INVALID (malformed or twice).
absl::StatusOr<std::unique_ptr<WorkerPool>> CreateLocalWorkerPool(LocalWorkerPoolOptions options,
                                                                  WorkerLauncher* launcher, Clock* clock,
                                                                  IdSource* ids);

}  // namespace sumscope::workers

#endif  // SUMSCOPE_SERVER_WORKERS_POOL_LOCAL_WORKER_POOL_H_
