#ifndef SUMSCOPE_SERVER_AUTH_AUTHENTICATOR_H_
#define SUMSCOPE_SERVER_AUTH_AUTHENTICATOR_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/auth/caller.h"

namespace sumscope::auth {

// Says who makes a call, from the peer that the transport names. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // UNAUTHENTICATED when the peer cannot show who it is.
  virtual absl::StatusOr<Caller> Authenticate(const std::string& peer) const = 0;
};

// Everybody who can reach the server is its owner: right for a socket of mode 0600 and for loopback, the only addresses
// that the server listens on without TLS.
class SingleUserAuthenticator : public Authenticator {
 public:
  explicit SingleUserAuthenticator(std::string user) : user_(std::move(user)) {}
  absl::StatusOr<Caller> Authenticate(const std::string&) const override { return Caller{user_}; }

 private:
  const std::string user_;
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_AUTHENTICATOR_H_
