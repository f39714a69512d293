#ifndef SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_
#define SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_interceptor.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/rpc/serve/call_times.h"
#include "server/rpc/serve/streams/seats.h"
#include "server/transport/connection_table.h"

namespace sumscope::rpc {

// Sees every call come and go, whatever its service:
//  - tells the connections which of them have calls;
//  - times unary calls;
//  - gives errors that gRPC made a reason: a request that cannot be read, a method that is not there, a handler that
//    threw;
//  - cuts off calls whose client does not take what it asked for;
//  - bounds the streams of gRPC's own services, of all and of each connection, for their handlers ask for no seat and
//    for no credential: reflection holds a thread for each, and is cut off when nothing is asked of it, or when its
//    connection opens others. Health watches hold none, and may be silent.
// What is cut off has a code and a text that names the reason: gRPC carries no details with it.
// Outlives the server. Thread-safe.
class CallWatch {
 public:
  CallWatch(transport::ConnectionTable* connections, Clock* clock) : connections_(connections), clock_(clock) {}

  // For the builder of the server.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Interceptors();
  static constexpr size_t kMaxReflections = 32;
  static constexpr size_t kMaxHealthWatches = 1000;
  // Of those, on one connection: who asks needs not be known to the server.
  static constexpr size_t kMaxReflectionsOfConnection = 8;
  static constexpr size_t kMaxHealthWatchesOfConnection = 8;
  // The newest that a connection keeps: stock clients open a stream for each question and leave the last without
  // seeing its end, so that one more ends the oldest. The others of its share are those that are about to end.
  static constexpr size_t kReflectionsKept = 2;
  static constexpr absl::Duration kMaxReflectionSilence = absl::Minutes(1);

  // Cancels calls that have waited for their client for limits::kMaxSendStall, with UNAVAILABLE, and shuts down the
  // connections of those that do not even end then; cancels silent reflections with ABORTED. To be called every second
  // or so.
  void EndStalled();
  const CallTimes& times() const { return times_; }

 private:
  class Call;
  class Factory;

  // The calls of one of gRPC's own methods.
  struct Row {
    Seats seats;
    const size_t share;                // of one connection
    std::map<uint64_t, size_t> taken;  // by connection; guarded by the watch's mutex
  };

  // The row in which a call of the method takes a seat; null: in none.
  Row* RowFor(absl::string_view method);
  // RESOURCE_EXHAUSTED with the row's reason. What was taken is given back by Leave.
  absl::StatusOr<std::unique_ptr<Seats::Seat>> Enter(Row* row, uint64_t connection);
  void Leave(Row* row, uint64_t connection);
  // Counts the call among those of reflection; cancels its connection's oldest, with ABORTED, beyond kReflectionsKept.
  void Reflect(Call* call);

  transport::ConnectionTable* const connections_;
  Clock* const clock_;
  CallTimes times_;
  Row reflections_{{kMaxReflections, "TOO_MANY_REFLECTIONS", "reflection streams"}, kMaxReflectionsOfConnection, {}};
  Row health_watches_{
      {kMaxHealthWatches, "TOO_MANY_HEALTH_WATCHES", "health watches"}, kMaxHealthWatchesOfConnection, {}};
  Mutex mutex_;
  std::set<Call*> sending_ ABSL_GUARDED_BY(mutex_);
  std::vector<Call*> reflecting_ ABSL_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_CALL_WATCH_H_
