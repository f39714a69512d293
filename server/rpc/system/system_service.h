#ifndef SUMSCOPE_SERVER_RPC_SYSTEM_SYSTEM_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_SYSTEM_SYSTEM_SERVICE_H_

#include <string>
#include <utility>

#include "server/jobs/job_manager.h"
#include "server/rpc/serve/call_times.h"
#include "server/workers/worker_pool.h"
#include "storage/catalog.h"
#include "sumscope/v1/system.grpc.pb.h"

namespace sumscope::rpc {

// What is left of the disk that holds `directory`, for a user who is not root; 0 where that cannot be known.
uint64_t FreeDiskBytes(const std::string& directory);

// What the server is and has: versions, limits, slots, hook names. Thread-safe.
class SystemService final : public v1::SystemService::Service {
 public:
  // `fixed` holds what does not change while the server runs: version, build, start time, data directory, repairs.
  SystemService(v1::ServerInfo fixed, const workers::WorkerPool* pool, const jobs::JobManager* manager,
                const CallTimes* times, storage::Catalog* catalog)
      : fixed_(std::move(fixed)), pool_(pool), manager_(manager), times_(times), catalog_(catalog) {}

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*, v1::ServerInfo*) override;

 private:
  const v1::ServerInfo fixed_;
  const workers::WorkerPool* const pool_;
  const jobs::JobManager* const manager_;
  const CallTimes* const times_;
  storage::Catalog* const catalog_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SYSTEM_SYSTEM_SERVICE_H_
