#ifndef SUMSCOPE_SERVER_RPC_SERVE_CALL_HOOK_H_
#define SUMSCOPE_SERVER_RPC_SERVE_CALL_HOOK_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/auth/caller.h"
#include "server/auth/peer.h"

namespace sumscope::rpc {

// A call on the road.
struct RoadCall {
  std::string method;  // /sumscope.v1.RunService/GetRun
  auth::Peer peer;
  std::optional<auth::Caller> caller;  // none where the caller could not show who it is
};

// Sees the calls of every service, unary, streaming and uploads, as audit and metrics do. Both methods run in the
// handler's thread and get the same object. Thread-safe; outlives the road.
class CallHook {
 public:
  virtual ~CallHook() = default;
  // The caller is known and has the right; the handler comes next.
  virtual void OnAdmitted(const RoadCall& call) = 0;
  // `status` is the handler's, UNKNOWN where it threw, or says why the call was not admitted.
  virtual void OnEnded(const RoadCall& call, const absl::Status& status) = 0;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_CALL_HOOK_H_
