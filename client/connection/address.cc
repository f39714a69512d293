#include "client/connection/address.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/process/unix_connect.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

absl::Status NotRunning(absl::string_view tried) {
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_NOT_RUNNING",
                   absl::StrCat("no server listens on ", tried,
                                ". Start one with `sumscoped`, or name another with --server unix:/path or host:port "
                                "(or SUMSCOPE_SERVER)."));
}

}  // namespace

absl::Status CheckAddress(absl::string_view address) {
  absl::string_view rest = address;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (!rest.empty() && rest[0] == '/') return absl::OkStatus();
  } else if (const size_t colon = address.rfind(':'); colon != absl::string_view::npos && colon > 0) {
    int port = 0;
    const bool named = address.find_first_of("/ ") == absl::string_view::npos;
    if (named && absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 && port < 65536) {
      return absl::OkStatus();
    }
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "SERVER_ADDRESS_INVALID",
                   absl::StrCat(Quote(address), " is no server address; expected unix:/path or host:port"));
}

absl::Status ProbeSocket(const std::string& path) {
  const int error = TryConnect(path);
  if (error == 0 || error == EAGAIN) return absl::OkStatus();
  if (error == EACCES || error == EPERM) {
    return MakeError(absl::StatusCode::kPermissionDenied, "SOCKET_NOT_ALLOWED",
                     absl::StrCat("the socket ", path, " belongs to somebody else; ask the owner of that server, or ",
                                  "name another with --server"));
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
  if (absl::Status status = CheckAddress(address); !status.ok()) return status;
  absl::string_view path = address;
  return absl::ConsumePrefix(&path, "unix:") ? ProbeSocket(std::string(path)) : absl::OkStatus();
}

}  // namespace sumscope::client
