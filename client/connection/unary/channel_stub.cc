#include "client/connection/unary/channel_stub.h"

#include "absl/time/clock.h"
#include "client/connection/channel/grpc_status.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/client_unary_call.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/impl/rpc_method.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::client {

absl::Status ChannelStub::Call(const Method& method, const google::protobuf::MessageLite& request,
                               google::protobuf::MessageLite* response, absl::Time deadline) {
  SUMSCOPE_RETURN_IF_ERROR(channel_->Open(deadline - absl::Now()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  const Cancellation::Scope scope(cancellation_, [&context] { context.TryCancel(); });
  // What every generated stub does for its unary methods, by the method's name alone. gRPC's public generic stub takes
  // an OK without a message for an answer.
  const grpc::internal::RpcMethod rpc(method.path, grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<google::protobuf::MessageLite, google::protobuf::MessageLite>(
          channel_->current().get(), rpc, &context, request, response);
  if (status.ok()) channel_->NoteAnswer();
  return FromGrpc(status);
}

}  // namespace sumscope::client
