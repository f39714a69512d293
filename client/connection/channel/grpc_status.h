#ifndef SUMSCOPE_CLIENT_CONNECTION_CHANNEL_GRPC_STATUS_H_
#define SUMSCOPE_CLIENT_CONNECTION_CHANNEL_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace sumscope::client {

// A call's outcome with the google.rpc details of its `grpc-status-details-bin` trailer. A stream that a server ends
// because its caller may come in no longer has no details, but a text that begins with the reason.
absl::Status FromGrpc(const grpc::Status& status);

// Whether the connection was lost, and not the request refused: worth trying again where that does no harm.
bool IsConnectionLoss(const absl::Status& status);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_CHANNEL_GRPC_STATUS_H_
