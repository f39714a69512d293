#include "server/transport/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::transport {
namespace {

// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;

absl::Status ListenFailed(const std::string& address, const char* why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "LISTEN_FAILED",
                   absl::StrCat("cannot listen on ", address, ": ", why));
}

bool IsLoopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
  }
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// Invalid, with errno set, where that fails.
FileDescriptor BindAddress(const addrinfo& info) {
  FileDescriptor descriptor(socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.valid()) return descriptor;
  const int on = 1;
  setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (info.ai_family == AF_INET6) setsockopt(descriptor.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (bind(descriptor.get(), info.ai_addr, info.ai_addrlen) == 0 && listen(descriptor.get(), kBacklog) == 0) {
    return descriptor;
  }
  const int error = errno;
  descriptor = FileDescriptor();
  errno = error;
  return descriptor;
}

// A machine without IPv6 still names ::1.
bool AddressIsMissing(int error) { return error == EADDRNOTAVAIL || error == EAFNOSUPPORT; }

}  // namespace

absl::StatusOr<ListeningSocket> ListeningSocket::BindUnix(const std::string& path) {
  const std::string address = "unix:" + path;
  sockaddr_un name = {};
  if (path.empty() || path.size() >= sizeof(name.sun_path)) return ListenFailed(address, "the path's length");
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, path.size());
  FileDescriptor descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // bind gives the file the mode that the socket has, less the umask.
  if (!descriptor.valid() || fchmod(descriptor.get(), 0600) != 0 ||
      bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
    return ListenFailed(address, std::strerror(errno));
  }
  struct stat file = {};
  if (chmod(path.c_str(), 0600) != 0 || lstat(path.c_str(), &file) != 0 || listen(descriptor.get(), kBacklog) != 0) {
    return ListenFailed(address, std::strerror(errno));
  }
  ListeningSocket listening(std::move(descriptor), Way::kSocket);
  listening.path_ = path;
  listening.device_ = file.st_dev;
  listening.inode_ = file.st_ino;
  return listening;
}

absl::StatusOr<std::vector<ListeningSocket>> ListeningSocket::BindLoopback(const std::string& host_and_port) {
  return BindTcp(host_and_port, Way::kLoopback);
}

absl::StatusOr<std::vector<ListeningSocket>> ListeningSocket::BindTls(const std::string& host_and_port) {
  return BindTcp(host_and_port, Way::kTls);
}

absl::StatusOr<std::vector<ListeningSocket>> ListeningSocket::BindTcp(const std::string& host_and_port, Way way) {
  const size_t colon = host_and_port.rfind(':');
  if (colon == std::string::npos) return ListenFailed(host_and_port, "expected HOST:PORT");
  std::string host = host_and_port.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), host_and_port.c_str() + colon + 1, &wanted, &found);
  if (error != 0) return ListenFailed(host_and_port, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);

  std::vector<ListeningSocket> sockets;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    if (way == Way::kLoopback && !IsLoopback(info->ai_addr)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "PLAINTEXT_REFUSED",
                       absl::StrCat("will not listen on ", host_and_port, " without TLS: ", host,
                                    " is not a loopback address; use 127.0.0.1, [::1] or a Unix socket"));
    }
    FileDescriptor bound = BindAddress(*info);
    if (bound.valid()) {
      sockets.push_back(ListeningSocket(std::move(bound), way));
    } else if (!AddressIsMissing(errno)) {
      return ListenFailed(host_and_port, std::strerror(errno));
    }
  }
  if (sockets.empty()) return ListenFailed(host_and_port, "this machine has no such address");
  return sockets;
}

ListeningSocket::~ListeningSocket() {
  struct stat file = {};
  if (descriptor_.valid() && !path_.empty() && lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

}  // namespace sumscope::transport
