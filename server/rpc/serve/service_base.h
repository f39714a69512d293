#ifndef SUMSCOPE_SERVER_RPC_SERVE_SERVICE_BASE_H_
#define SUMSCOPE_SERVER_RPC_SERVE_SERVICE_BASE_H_

#include <utility>

#include "server/rpc/serve/backend.h"
#include "server/rpc/serve/road.h"

namespace sumscope::rpc {

// What every service of ours is: `Generated`, gRPC's class, on the backend, with all its calls on the road.
// Thread-safe.
template <typename Generated>
class ServiceBase : public Generated {
 public:
  // `road` outlives the service.
  ServiceBase(Backend backend, const Road* road) : backend_(std::move(backend)), road_(*road) {}

 protected:
  const Backend backend_;
  const Road& road_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_SERVICE_BASE_H_
