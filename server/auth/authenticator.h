#ifndef SUMSCOPE_SERVER_AUTH_AUTHENTICATOR_H_
#define SUMSCOPE_SERVER_AUTH_AUTHENTICATOR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "server/auth/peer.h"

namespace sumscope::auth {

// Says who makes a call, from what the transport knows of its peer. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // UNAUTHENTICATED with the reason why the peer cannot show who it is; RESOURCE_EXHAUSTED TOO_MANY_LOGINS.
  // Sets of `refused` what can be told of one who is refused; the caller is not told more for that.
  virtual absl::StatusOr<Caller> Authenticate(const Peer& peer, Refused* refused) = 0;
  // Whether a caller of before is still who they were, and may still do as much: not disabled, the role not lowered,
  // the token neither revoked nor expired. UNAUTHENTICATED or PERMISSION_DENIED where not. For calls that last.
  virtual absl::Status Recheck(const Caller& caller) = 0;
};

// Everybody who can reach the server is its owner. For tests of what is not about users.
class SingleUserAuthenticator : public Authenticator {
 public:
  explicit SingleUserAuthenticator(std::string user) : user_(std::move(user)) {}
  absl::StatusOr<Caller> Authenticate(const Peer& peer, Refused*) override {
    Caller caller;
    caller.name = user_;
    caller.role = Role::kAdmin;
    caller.unlimited = true;
    caller.address = peer.address;
    return caller;
  }
  absl::Status Recheck(const Caller&) override { return absl::OkStatus(); }

 private:
  const std::string user_;
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_AUTHENTICATOR_H_
