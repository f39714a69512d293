#ifndef SUMSCOPE_CLIENT_CONNECTION_WAYS_ADDRESS_H_
#define SUMSCOPE_CLIENT_CONNECTION_WAYS_ADDRESS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sumscope::client {

// Where a server is, taken apart.
struct Address {
  enum class Kind {
    kSocket,  // unix:/path
    kTcp,     // host:port
    kSsh,     // ssh://[user@]host[:port]
  };
  Kind kind = Kind::kSocket;
  std::string path;  // of a socket
  std::string user;  // of ssh, "" where ssh is to choose
  std::string host;  // without the brackets of [::1]
  int port = 0;      // of ssh 0 where ssh is to choose
  // A host that is this machine whatever names mean elsewhere: localhost, 127.x.y.z, ::1.
  bool loopback() const;
};

// INVALID_ARGUMENT SERVER_ADDRESS_INVALID. Users and hosts of ssh are of letters, digits, '.', '_', '-' and the like,
// and do not begin with '-': no shell and no option of ssh can be made of them.
absl::StatusOr<Address> ParseAddress(absl::string_view address);

// Whether a server listens on the socket `path`: OK, PERMISSION_DENIED SOCKET_NOT_ALLOWED, or UNAVAILABLE
// SERVER_NOT_RUNNING saying how to start one. Does not wait.
absl::Status ProbeSocket(const std::string& path);

// The first of `paths` where a server listens, as "unix:/path"; else an error of ProbeSocket that names them all.
absl::StatusOr<std::string> FindLocalServer(const std::vector<std::string>& paths);

// Checks `address`, and that a local server is there. OK for what is elsewhere: only a call can tell.
absl::Status CheckServer(const std::string& address);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CONNECTION_WAYS_ADDRESS_H_
