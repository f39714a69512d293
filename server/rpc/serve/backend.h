#ifndef SUMSCOPE_SERVER_RPC_SERVE_BACKEND_H_
#define SUMSCOPE_SERVER_RPC_SERVE_BACKEND_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/devices/device_state.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/state/event_hub.h"
#include "server/rpc/serve/streams/seats.h"
#include "server/rpc/serve/transfer/incoming_room.h"
#include "server/rpc/serve/transfer/read_turns.h"
#include "server/rpc/serve/transfer/upload_desk.h"
#include "server/workers/worker_pool.h"
#include "storage/capture_file.h"
#include "storage/catalog/catalog.h"
#include "storage/run_file.h"
#include "storage/sqlite/files/env.h"

namespace sumscope::rpc {

// What every service is built on. Borrowed; all of it outlives the services and is thread-safe.
struct Backend {
  jobs::JobManager* manager;
  jobs::EventHub* hub;
  storage::Catalog* catalog;
  storage::RunFiles* run_files;
  storage::CaptureFiles* captures;
  Seats* watchers;   // calls that wait for news
  Seats* downloads;  // calls that send many messages
  ReadTurns* reads;  // of tensors, for those
  UploadDesk* uploads;
  IncomingRoom* room;
  storage::Env* env;                // for what is written beside storage
  std::string spool_directory;      // for uploads on their way in; on the same disk as the runs
  const workers::WorkerPool* pool;  // for predictions
  uint64_t memory_bytes = 0;        // that a worker on this machine can have at the most; 0: nobody knows
  // The machine's devices as they were looked at last; null: nobody looks.
  std::function<std::vector<devices::DeviceState>()> devices;
  uint64_t foreign_memory_mib = 512;  // that others may hold of a GPU before a warning says so
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_BACKEND_H_
