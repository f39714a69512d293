#ifndef SUMSCOPE_SERVER_RPC_CALL_H_
#define SUMSCOPE_SERVER_RPC_CALL_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "proto/contract/errors.h"

namespace sumscope::rpc {

// The one place where a Status becomes a gRPC status: its details go into the standard grpc-status-details-bin trailer.
inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const absl::Status named = WithReason(status);
  return grpc::Status(static_cast<grpc::StatusCode>(named.code()), std::string(named.message()),
                      ToRpcStatus(named).SerializeAsString());
}

// Answers a unary call with what `result` holds.
template <typename Response>
grpc::Status Answer(absl::StatusOr<Response> result, Response* response) {
  if (!result.ok()) return ToGrpc(result.status());
  *response = *std::move(result);
  return grpc::Status::OK;
}

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_CALL_H_
