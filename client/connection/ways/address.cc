#include "client/connection/ways/address.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/base/unsigned.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/process/unix_connect.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

constexpr size_t kMostOfName = 255;  // of a host or a user

absl::Status NotRunning(absl::string_view tried) {
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_NOT_RUNNING",
                   absl::StrCat("no server listens on ", tried,
                                ". Start one with `sumscoped`, or name another with --server unix:/path, ssh://host or "
                                "host:port (or SUMSCOPE_SERVER)."));
}

// `text` is made of letters, digits and `others`, and is no option.
bool IsName(absl::string_view text, absl::string_view others) {
  if (text.empty() || text.size() > kMostOfName || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(), [others](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains(others, absl::string_view(&c, 1));
  });
}

// host, host:port, [::1] or [::1]:port.
bool ParseHostAndPort(absl::string_view text, bool port_needed, Address* address) {
  absl::string_view host = text, port;
  bool has_port = false;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return false;
    host = text.substr(0, end);
    port = text.substr(end + 1);
    has_port = absl::ConsumePrefix(&port, ":");
    if (!IsName(host, ".:%_-") || (!has_port && !port.empty())) return false;
  } else {
    const size_t colon = text.find(':');
    host = text.substr(0, colon);
    has_port = colon != absl::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
    if (!IsName(host, "._-")) return false;
  }
  address->host = std::string(host);
  if (!has_port) return !port_needed;
  const auto number = ParseUnsigned(port, 65535);
  address->port = static_cast<int>(number.value_or(0));
  return address->port > 0;
}

bool Parse(absl::string_view text, Address* address) {
  if (absl::ConsumePrefix(&text, "unix:")) {
    address->kind = Address::Kind::kSocket;
    address->path = std::string(text);
    return absl::StartsWith(text, "/") && !absl::StrContains(text, absl::string_view("\0", 1));
  }
  if (!absl::ConsumePrefix(&text, "ssh://")) {
    address->kind = Address::Kind::kTcp;
    return ParseHostAndPort(text, /*port_needed=*/true, address);
  }
  address->kind = Address::Kind::kSsh;
  if (const size_t at = text.rfind('@'); at != absl::string_view::npos) {
    address->user = std::string(text.substr(0, at));
    if (!IsName(address->user, "._-+@")) return false;
    text.remove_prefix(at + 1);
  }
  return ParseHostAndPort(text, /*port_needed=*/false, address);
}

// ": the port is missing", of an address that is none; "" where nothing stands out.
std::string WhatIsWrong(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "unix:")) return ": the path of a socket begins with /";
  const bool ssh = absl::ConsumePrefix(&text, "ssh://");
  if (!ssh && absl::StrContains(text, "://")) return ": Sumscope does not speak that protocol";
  if (absl::StrContains(text, '/')) return ": a host has no path";
  if (!ssh && !text.empty() && !absl::StrContains(text, ':')) return ": its port is missing";
  const absl::string_view port = text.substr(text.rfind(':') + 1);
  if (!port.empty() && absl::c_all_of(port, absl::ascii_isdigit)) return ": a port is from 1 to 65535";
  return "";
}

}  // namespace

bool Address::loopback() const {
  if (kind != Kind::kTcp) return false;
  if (absl::EqualsIgnoreCase(host, "localhost") || host == "::1") return true;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return numeric && absl::StartsWith(host, "127.");
}

absl::StatusOr<Address> ParseAddress(absl::string_view address) {
  Address parsed;
  if (Parse(address, &parsed)) return parsed;
  return MakeError(absl::StatusCode::kInvalidArgument, "SERVER_ADDRESS_INVALID",
                   absl::StrCat(Quote(address), " is no server address", WhatIsWrong(address),
                                "; expected unix:/path, ssh://[user@]host[:port] or host:port"));
}

absl::Status ProbeSocket(const std::string& path) {
  const int error = TryConnect(path);
  if (error == 0 || error == EAGAIN) return absl::OkStatus();
  struct stat about = {};
  if (stat(path.c_str(), &about) == 0 && !S_ISSOCK(about.st_mode)) {
    return NotRunning(absl::StrCat("unix:", path, " (it is no socket)"));
  }
  if (error == EACCES || error == EPERM) {
    return MakeError(
        absl::StatusCode::kPermissionDenied, "SOCKET_NOT_ALLOWED",
        absl::StrCat("you may not use the socket ", path, " (", std::strerror(error),
                     "): it is another account's, or of a group that you are not in; ask the owner of that "
                     "server, or name another with --server"));
  }
  return NotRunning(absl::StrCat("unix:", path, " (", std::strerror(error), ")"));
}

absl::StatusOr<std::string> FindLocalServer(const std::vector<std::string>& paths) {
  absl::Status denied;
  for (const std::string& path : paths) {
    const absl::Status status = ProbeSocket(path);
    if (status.ok()) return "unix:" + path;
    if (absl::IsPermissionDenied(status) && denied.ok()) denied = status;
  }
  if (!denied.ok()) return denied;
  return NotRunning(absl::StrJoin(
      paths, ", ", [](std::string* out, const std::string& path) { absl::StrAppend(out, "unix:", path); }));
}

absl::Status CheckServer(const std::string& address) {
  SUMSCOPE_ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  return parsed.kind == Address::Kind::kSocket ? ProbeSocket(parsed.path) : absl::OkStatus();
}

}  // namespace sumscope::client
