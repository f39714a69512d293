#ifndef SUMSCOPE_SERVER_TRANSPORT_RPC_SERVER_H_
#define SUMSCOPE_SERVER_TRANSPORT_RPC_SERVER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "server/transport/accept_loop.h"
#include "server/transport/connection_table.h"
#include "server/transport/listening_socket.h"

namespace sumscope::transport {

// A gRPC server whose connections come from an accept loop of ours. Confined to the thread that owns it, but for
// grpc().
class RpcServer {
 public:
  // `builder` names services, interceptors and channel arguments, and no port. `connections` outlives the server.
  // `credentials` are needed where one of the sockets is for TLS. UNAVAILABLE SERVER_NOT_STARTED.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      grpc::ServerBuilder* builder, std::vector<ListeningSocket> sockets, ConnectionTable* connections,
      AcceptLoop::Options options, const std::shared_ptr<grpc::ServerCredentials>& credentials = nullptr);
  ~RpcServer();

  grpc::Server* grpc() const { return server_.get(); }
  // Accepts no more; calls have until `deadline`, and are cancelled then. Returns when all are over: to a peer that
  // does not read that may be never, unless its connection is shut down.
  void Shutdown(absl::Time deadline);

 private:
  RpcServer() = default;

  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> tls_;  // null without TLS
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_RPC_SERVER_H_
