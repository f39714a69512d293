#include "server/transport/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/process/ssh_origin.h"

namespace sumscope::transport {
namespace {

constexpr uid_t kNobody = static_cast<uid_t>(-1);  // of a socket that nobody is connected to

void NameAddress(const sockaddr_storage& name, Origin* origin) {
  char text[INET6_ADDRSTRLEN] = "";
  if (name.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(name);
    origin->address = inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text));
    origin->remote = absl::StrCat(origin->address, ":", ntohs(four.sin_port));
  } else if (name.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(name);
    origin->address = inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text));
    if (six.sin6_scope_id != 0) absl::StrAppend(&origin->address, "%", six.sin6_scope_id);
    origin->remote = absl::StrCat("[", origin->address, "]:", ntohs(six.sin6_port));
  }
}

// What the far end of a Unix socket says of the ssh that brought it, by the abstract name that it is bound to.
std::optional<std::string> SshAddressOf(int connection) {
  sockaddr_un name = {};
  socklen_t size = sizeof(name);
  if (getpeername(connection, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  constexpr size_t kBegin = offsetof(sockaddr_un, sun_path);
  if (size <= kBegin || size > sizeof(name) || name.sun_path[0] != '\0') return std::nullopt;
  return SshClientOf(absl::string_view(name.sun_path + 1, size - kBegin - 1));
}

}  // namespace

Origin OriginOf(int connection, Way way) {
  Origin origin;
  origin.way = way;
  if (way == Way::kSocket) {
    ucred peer = {};
    socklen_t size = sizeof(peer);
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid != kNobody)
      origin.uid = peer.uid;
    if (const std::optional<std::string> ssh = SshAddressOf(connection)) origin.address = absl::StrCat("ssh ", *ssh);
    return origin;
  }
  origin.address = "unknown";
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  if (getpeername(connection, reinterpret_cast<sockaddr*>(&name), &size) == 0) NameAddress(name, &origin);
  return origin;
}

std::string RemoteOf(absl::string_view peer) {
  if (!absl::ConsumePrefix(&peer, "ipv4:") && !absl::ConsumePrefix(&peer, "ipv6:")) return "";
  std::string remote;
  for (size_t i = 0; i < peer.size(); ++i) {
    const bool escape =
        peer[i] == '%' && i + 2 < peer.size() && absl::ascii_isxdigit(peer[i + 1]) && absl::ascii_isxdigit(peer[i + 2]);
    if (!escape) {
      remote += peer[i];
      continue;
    }
    remote += absl::HexStringToBytes(peer.substr(i + 1, 2));
    i += 2;
  }
  return remote;
}

}  // namespace sumscope::transport
