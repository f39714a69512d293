#ifndef SUMSCOPE_SERVER_RPC_SERVE_CALL_LOG_H_
#define SUMSCOPE_SERVER_RPC_SERVE_CALL_LOG_H_

#include "server/rpc/serve/call_hook.h"

namespace sumscope::rpc {

// Logs the end of every call, at the level debug: its method, its caller and from where, its code and reason.
class CallLog final : public CallHook {
 public:
  void OnAdmitted(const RoadCall&) override {}
  void OnEnded(const RoadCall& call, const absl::Status& status) override;
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_CALL_LOG_H_
