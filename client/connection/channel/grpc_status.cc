#include "client/connection/channel/grpc_status.h"

#include "google/rpc/status.pb.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::client {

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status rpc;
  // Details that do not parse, or speak of another error, are not this error's.
  if (!rpc.ParseFromString(status.error_details()) || rpc.code() != static_cast<int>(status.error_code())) {
    rpc.Clear();
    rpc.set_code(static_cast<int>(status.error_code()));
  }
  if (rpc.message().empty()) rpc.set_message(status.error_message());
  return FromRpcStatus(rpc);
}

bool IsConnectionLoss(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return true;
    // A server that dies in mid-stream; one that answers so on purpose gives a reason. Without any text the words are
    // the server's, too: one that could not read a request says no more than that.
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return ErrorReason(status).empty() && !status.message().empty();
    case absl::StatusCode::kCancelled:
      return ErrorReason(status).empty();
    default:
      return false;
  }
}

}  // namespace sumscope::client
