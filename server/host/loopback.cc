#include "server/host/loopback.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::host {
namespace {

bool IsLoopback(const in_addr& ip) { return (ntohl(ip.s_addr) >> 24) == 127; }

// The number of a loopback address, IPv4 before IPv6; "" where `name` has another address, or none.
std::string ResolveToLoopback(const std::string& name) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return "";
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, freeaddrinfo);
  std::string four, six;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family == AF_INET) {
      const in_addr& ip = reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr;
      if (!IsLoopback(ip)) return "";
      char text[INET_ADDRSTRLEN];
      if (four.empty()) four = inet_ntop(AF_INET, &ip, text, sizeof(text));
    } else if (entry->ai_family == AF_INET6) {
      if (!IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr)) return "";
      six = "[::1]";
    }
  }
  return four.empty() ? six : four;
}

}  // namespace

absl::Status PlaintextRefused(const std::string& address) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "PLAINTEXT_REFUSED",
                   absl::StrCat("will not listen on ", address,
                                " without TLS; give it --tls-certificate and --tls-key, or use a Unix socket, or a "
                                "loopback address with --insecure-loopback"));
}

absl::Status CheckTcpAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  const absl::string_view port_text = absl::string_view(address).substr(colon == std::string::npos ? 0 : colon + 1);
  if (colon != std::string::npos && colon != 0 && !port_text.empty() && absl::ascii_isdigit(port_text[0]) &&
      absl::SimpleAtoi(port_text, &port) && port <= 65535) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                   absl::StrCat("cannot listen on ", Quote(address), ": expected unix:/path or host:port"));
}

absl::StatusOr<std::string> LoopbackAddress(const std::string& address) {
  SUMSCOPE_RETURN_IF_ERROR(CheckTcpAddress(address));
  const size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  in_addr four;
  in6_addr six;
  std::string number;
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
    if (IsLoopback(four)) number = host;
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
             inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) == 1) {
    if (IN6_IS_ADDR_LOOPBACK(&six)) number = "[::1]";
  } else if (host == "localhost") {
    number = ResolveToLoopback(host);
  }
  if (number.empty()) return PlaintextRefused(address);
  return number + address.substr(colon);
}

}  // namespace sumscope::host
