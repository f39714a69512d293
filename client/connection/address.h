#ifndef SUMSCOPE_CLIENT_CONNECTION_ADDRESS_H_
#define SUMSCOPE_CLIENT_CONNECTION_ADDRESS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::client {

// "unix:/path" or "host:port". INVALID_ARGUMENT SERVER_ADDRESS_INVALID.
absl::Status CheckAddress(absl::string_view address);

// Whether a server listens on the socket `path`: OK, PERMISSION_DENIED SOCKET_NOT_ALLOWED, or UNAVAILABLE
// SERVER_NOT_RUNNING saying how to start one. Does not wait.
absl::Status ProbeSocket(const std::string& path);

// The first of `paths` where a server listens, as "unix:/path"; else an error of ProbeSocket that names them all.
absl::StatusOr<std::string> FindLocalServer(const std::vector<std::string>& paths);

// Checks `address`, and that a local server is there. OK for host:port: only a call can tell.
absl::Status CheckServer(const std::string& address);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_ADDRESS_H_
