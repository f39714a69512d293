#ifndef SUMSCOPE_SERVER_RPC_SERVE_KNOWN_CONNECTIONS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_KNOWN_CONNECTIONS_H_

#include "absl/status/status.h"
#include "server/rpc/serve/call_hook.h"
#include "server/transport/connection_table.h"

namespace sumscope::rpc {

// Tells the table of connections which of them a caller used who showed who it is. Thread-safe.
class KnownConnections final : public CallHook {
 public:
  // The table outlives it.
  explicit KnownConnections(transport::ConnectionTable* connections) : connections_(connections) {}
  void OnAdmitted(const RoadCall&) override {}  // as long as it is open, a call keeps its connection
  void OnEnded(const RoadCall& call, const absl::Status&) override {
    if (call.caller.has_value()) connections_->CallerKnown(call.peer.connection);
  }

 private:
  transport::ConnectionTable* const connections_;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_KNOWN_CONNECTIONS_H_
