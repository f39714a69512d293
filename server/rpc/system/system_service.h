#ifndef SUMSCOPE_SERVER_RPC_SYSTEM_SYSTEM_SERVICE_H_
#define SUMSCOPE_SERVER_RPC_SYSTEM_SYSTEM_SERVICE_H_

#include <utility>

#include "server/rpc/serve/call_times.h"
#include "server/rpc/serve/service_base.h"
#include "sumscope/v1/system.grpc.pb.h"

namespace sumscope::rpc {

// What the server is and has: versions, limits, slots, hook names. Thread-safe.
class SystemService final : public ServiceBase<v1::SystemService::Service> {
 public:
  // `fixed` holds what does not change while the server runs: version, build, start time, data directory, repairs.
  SystemService(Backend backend, const Road* road, v1::ServerInfo fixed, const CallTimes* times)
      : ServiceBase(std::move(backend), road), fixed_(std::move(fixed)), times_(times) {}

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*, v1::ServerInfo*) override;

 private:
  const v1::ServerInfo fixed_;
  const CallTimes* const times_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SYSTEM_SYSTEM_SERVICE_H_
