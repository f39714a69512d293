#ifndef SUMSCOPE_SERVER_RPC_SERVE_TO_GRPC_H_
#define SUMSCOPE_SERVER_RPC_SERVE_TO_GRPC_H_

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::rpc {

// The one place where a Status becomes a gRPC status: its details go into the standard grpc-status-details-bin trailer.
inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const absl::Status named = WithReason(status);
  return grpc::Status(static_cast<grpc::StatusCode>(named.code()), std::string(named.message()),
                      ToRpcStatus(named).SerializeAsString());
}

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_TO_GRPC_H_
