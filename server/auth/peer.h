#ifndef SUMSCOPE_SERVER_AUTH_PEER_H_
#define SUMSCOPE_SERVER_AUTH_PEER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace sumscope::auth {

// How a call came in.
enum class Way {
  kSocket,    // the local Unix socket, also at the far end of ssh
  kLoopback,  // TCP without TLS
  kTls,
};

// What the transport knows of who makes a call. Nothing in it is believed because the caller says so, but the token,
// which is checked.
struct Peer {
  Way way = Way::kSocket;
  std::optional<uint32_t> uid;  // of a socket's other end, by the kernel
  // An IP address without its port; of a socket "socket", or "ssh 10.0.0.5" where its far end says that it came so.
  std::string address = "socket";
  uint64_t connection = 0;                        // its id in the transport's table; 0: it is none of it
  std::vector<std::string> certificate_names;     // of a verified client certificate
  std::optional<absl::Time> certificate_expires;  // when the certificate does
  std::optional<std::string> authorization;       // the header's text: "Bearer ..."
};

// Of an account of the machine, as callers and the audit show it.
inline std::string CredentialOf(uint32_t uid) { return absl::StrCat("local uid ", uid); }

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_PEER_H_
