#include "server/rpc/serve/call_log.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "spdlog/spdlog.h"

namespace sumscope::rpc {

void CallLog::OnEnded(const RoadCall& call, const absl::Status& status) {
  if (!spdlog::should_log(spdlog::level::debug)) return;
  const std::string reason = ErrorReason(status);
  spdlog::debug(absl::StrCat(call.method, " of ", call.caller.has_value() ? call.caller->name : "nobody", " from ",
                             call.peer.address, ": ", absl::StatusCodeToString(status.code()),
                             reason.empty() ? "" : " ", reason));
}

}  // namespace sumscope::rpc
