#ifndef SUMSCOPE_SERVER_LISTENER_H_
#define SUMSCOPE_SERVER_LISTENER_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/host/socket_place.h"
#include "server/rpc/serve/call_watch.h"
#include "server/transport/connection_table.h"
#include "server/transport/rpc_server.h"
#include "server/transport/tls/tls_credentials.h"

namespace sumscope {

using SocketPlaces = std::vector<std::unique_ptr<host::SocketPlace>>;

// The places of those of `addresses` that are unix:/path. The errors of SocketPlace::Claim.
absl::StatusOr<SocketPlaces> ClaimSockets(const std::vector<std::string>& addresses);

// What the public server is built of; all of it outlives the server.
struct PublicServer {
  std::vector<grpc::Service*> services;
  transport::ConnectionTable* connections = nullptr;
  rpc::CallWatch* watch = nullptr;
  const transport::TlsCredentials* tls = nullptr;  // with which host:port has TLS; without, loopback alone
  std::optional<gid_t> socket_group;               // that gets the Unix sockets
  bool open_to_group = false;                      // from the first moment on
  int first_descriptor = 0;                        // of connections
};

// The public gRPC server on `places`, which outlive it, and on those of `addresses` that are host:port, health and
// reflection on. Sockets get mode 0600, or 0660 where they are open to their group. FAILED_PRECONDITION
// LISTEN_FAILED, PLAINTEXT_REFUSED; the errors of SocketPlace::Publish.
absl::StatusOr<std::unique_ptr<transport::RpcServer>> Listen(const std::vector<std::string>& addresses,
                                                             const SocketPlaces& places, const PublicServer& parts);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_LISTENER_H_
