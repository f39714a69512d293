#ifndef SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_
#define SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_

#include <cstddef>
#include <memory>
#include <set>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_interceptor.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/rpc/serve/call_times.h"
#include "server/rpc/serve/seats.h"
#include "server/transport/connection_table.h"

namespace sumscope::rpc {

// Sees every call come and go, whatever its service:
//  - tells the connections which of them have calls;
//  - times unary calls;
//  - gives errors that gRPC made a reason: a request that cannot be read, a method that is not there, a handler that
//    threw;
//  - cuts off calls whose client does not take what it asked for;
//  - bounds the streams of gRPC's own services, whose handlers ask for no seat: reflection holds a thread for each, and
//    is cut off when nothing is asked of it. Health watches hold none, and may be silent.
// What is cut off has a code and a text that names the reason: gRPC carries no details with it.
// Outlives the server. Thread-safe.
class CallWatch {
 public:
  CallWatch(transport::ConnectionTable* connections, Clock* clock) : connections_(connections), clock_(clock) {}

  // For the builder of the server.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Interceptors();
  static constexpr size_t kMaxReflections = 32;
  static constexpr size_t kMaxHealthWatches = 1000;
  static constexpr absl::Duration kMaxReflectionSilence = absl::Minutes(1);

  // Cancels calls that have waited for their client for limits::kMaxSendStall, with UNAVAILABLE, and shuts down the
  // connections of those that do not even end then; cancels silent reflections with ABORTED. To be called every second
  // or so.
  void EndStalled();
  const CallTimes& times() const { return times_; }

 private:
  class Call;
  class Factory;

  // The seats of which a call of the method takes one; null: it takes none.
  Seats* SeatsFor(absl::string_view method);

  transport::ConnectionTable* const connections_;
  Clock* const clock_;
  CallTimes times_;
  Seats reflections_{kMaxReflections, "TOO_MANY_REFLECTIONS", "reflection streams"};
  Seats health_watches_{kMaxHealthWatches, "TOO_MANY_HEALTH_WATCHES", "health watches"};
  Mutex mutex_;
  std::set<Call*> sending_ ABSL_GUARDED_BY(mutex_);
  std::set<Call*> reflecting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_
