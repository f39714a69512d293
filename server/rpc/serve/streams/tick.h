#ifndef SUMSCOPE_SERVER_RPC_SERVE_STREAMS_TICK_H_
#define SUMSCOPE_SERVER_RPC_SERVE_STREAMS_TICK_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "server/jobs/state/event_hub.h"

namespace sumscope::rpc {

// What a stream that looks again and again does between two looks: waits for `duration`. CANCELLED once its client has
// gone, or is put out, seen within a second; UNAVAILABLE DRAINING at once when the server stops.
absl::Status WaitForTick(jobs::EventHub* hub, grpc::ServerContext* context, absl::Duration duration);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_STREAMS_TICK_H_
