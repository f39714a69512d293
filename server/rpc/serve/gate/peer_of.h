#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_PEER_OF_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_PEER_OF_H_

#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "server/auth/peer.h"
#include "server/transport/connection_table.h"

namespace sumscope::rpc {

// Who is at the other end of a call, as gRPC and the table of connections know it. To be asked as the call begins:
// descriptors' numbers return, late.
auth::Peer PeerOf(const grpc::ServerContextBase& context, transport::ConnectionTable* connections);

// The address in gRPC's name of a peer, without port, scope and escapes: "ipv6:%5B::1%5D:50051" is ::1. Empty for
// another kind of peer.
std::string AddressOf(absl::string_view peer);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_PEER_OF_H_
