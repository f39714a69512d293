#ifndef SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_
#define SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_

#include <memory>
#include <set>

#include "grpcpp/support/server_interceptor.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/rpc/serve/call_times.h"
#include "server/transport/connection_table.h"

namespace sumscope::rpc {

// Sees every call come and go, whatever its service:
//  - tells the connections which of them have calls;
//  - times unary calls;
//  - gives errors that gRPC made a reason: a request that cannot be read, a method that is not there;
//  - cuts off calls whose client does not take what it asked for.
// Outlives the server. Thread-safe.
class CallWatch {
 public:
  CallWatch(transport::ConnectionTable* connections, Clock* clock) : connections_(connections), clock_(clock) {}

  // For the builder of the server.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Interceptors();
  // Cancels calls that have waited for their client for limits::kMaxSendStall, with UNAVAILABLE, and shuts down the
  // connections of those that do not even end then. To be called every second or so.
  void EndStalled();
  const CallTimes& times() const { return times_; }

 private:
  class Call;
  class Factory;

  transport::ConnectionTable* const connections_;
  Clock* const clock_;
  CallTimes times_;
  Mutex mutex_;
  std::set<Call*> sending_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_
