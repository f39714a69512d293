#ifndef SUMSCOPE_SERVER_LISTENER_H_
#define SUMSCOPE_SERVER_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/rpc/serve/call_watch.h"
#include "server/transport/connection_table.h"
#include "server/transport/rpc_server.h"

namespace sumscope {

// Makes `path` free to be bound: its folder (mode 0700) exists and no file lies there. A socket that a dead server left
// is removed; a live one is ALREADY_EXISTS SOCKET_IN_USE. FAILED_PRECONDITION SOCKET_PATH_TOO_LONG,
// SOCKET_NOT_POSSIBLE.
absl::Status PrepareSocketPath(const std::string& path);

// What the public server is built of; all of it outlives the server.
struct PublicServer {
  std::vector<grpc::Service*> services;
  transport::ConnectionTable* connections = nullptr;
  rpc::CallWatch* watch = nullptr;
  int first_descriptor = 0;       // of connections
  std::function<void()> on_look;  // every second, if set
};

// The public gRPC server on `addresses` (unix:/path or host:port), health and reflection on. Sockets get mode 0600.
// FAILED_PRECONDITION LISTEN_FAILED, PLAINTEXT_REFUSED.
absl::StatusOr<std::unique_ptr<transport::RpcServer>> Listen(const std::vector<std::string>& addresses,
                                                             const PublicServer& parts);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_LISTENER_H_
