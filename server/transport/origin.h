#ifndef SUMSCOPE_SERVER_TRANSPORT_ORIGIN_H_
#define SUMSCOPE_SERVER_TRANSPORT_ORIGIN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sumscope::transport {

// How connections come in.
enum class Way {
  kSocket,    // a Unix socket
  kLoopback,  // TCP without TLS
  kTls,
};

// Where a connection comes from, by the kernel's word.
struct Origin {
  Way way = Way::kSocket;
  std::optional<uint32_t> uid;  // of the process that connected to a Unix socket
  // An IP address without its port. Of a socket "socket", or "ssh 10.0.0.5" where the far end says by its own name that
  // ssh brought it from there (SshClientOf): nobody has checked that, so it is to be shown, and decides nothing.
  std::string address = "socket";
  std::string remote;       // "127.0.0.1:5000", "[::1]:5000"; empty of a Unix socket
  uint64_t connection = 0;  // its id in the table of connections, once it is there
};

// Of a connection that was accepted a moment ago, on a listening socket of that way. Of a peer that has gone already,
// what can still be told.
Origin OriginOf(int connection, Way way);

// Origin::remote of a TCP peer as gRPC names it: "ipv6:%5B::1%5D:5000" gives "[::1]:5000". Empty for any other peer.
std::string RemoteOf(absl::string_view peer);

}  // namespace sumscope::transport

#endif  // SUMSCOPE_SERVER_TRANSPORT_ORIGIN_H_
