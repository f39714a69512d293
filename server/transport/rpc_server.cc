#include "server/transport/rpc_server.h"

#include <utility>

#include "grpcpp/server_posix.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::transport {

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(grpc::ServerBuilder* builder,
                                                            std::vector<ListeningSocket> sockets,
                                                            ConnectionTable* connections, AcceptLoop::Options options) {
  std::unique_ptr<grpc::Server> server = builder->BuildAndStart();
  if (server == nullptr) {
    return MakeError(absl::StatusCode::kUnavailable, "SERVER_NOT_STARTED", "gRPC's server does not start");
  }
  auto started = std::unique_ptr<RpcServer>(new RpcServer(std::move(server)));
  grpc::Server* const taker = started->grpc();
  SUMSCOPE_ASSIGN_OR_RETURN(
      started->loop_,
      AcceptLoop::Start(
          std::move(sockets), connections,
          [taker](int descriptor) { grpc::AddInsecureChannelFromFd(taker, descriptor); }, std::move(options)));
  return started;
}

void RpcServer::Shutdown(absl::Time deadline) {
  loop_->Stop();
  server_->Shutdown(absl::ToChronoTime(deadline));
}

RpcServer::~RpcServer() {
  if (loop_ != nullptr) loop_->Stop();
}

}  // namespace sumscope::transport
