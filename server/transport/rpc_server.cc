#include "server/transport/rpc_server.h"

#include <utility>

#include "grpcpp/server_posix.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::transport {

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    grpc::ServerBuilder* builder, std::vector<ListeningSocket> sockets, ConnectionTable* connections,
    AcceptLoop::Options options, const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  using External = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  auto started = std::unique_ptr<RpcServer>(new RpcServer);
  if (credentials != nullptr) {
    started->tls_ = builder->experimental().AddExternalConnectionAcceptor(External::FROM_FD, credentials);
  }
  started->server_ = builder->BuildAndStart();
  if (started->server_ == nullptr) {
    return MakeError(absl::StatusCode::kUnavailable, "SERVER_NOT_STARTED", "gRPC's server does not start");
  }
  const auto take = [server = started->server_.get(), tls = started->tls_.get()](int descriptor, Way way) {
    if (way != Way::kTls) return grpc::AddInsecureChannelFromFd(server, descriptor);
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = descriptor;
    tls->HandleNewConnection(&connection);
  };
  SUMSCOPE_ASSIGN_OR_RETURN(started->loop_,
                            AcceptLoop::Start(std::move(sockets), connections, take, std::move(options)));
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
