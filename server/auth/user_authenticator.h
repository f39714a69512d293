#ifndef SUMSCOPE_SERVER_AUTH_USER_AUTHENTICATOR_H_
#define SUMSCOPE_SERVER_AUTH_USER_AUTHENTICATOR_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "server/auth/authenticator.h"
#include "server/auth/login_throttle.h"
#include "server/auth/token_uses.h"
#include "storage/catalog/catalog.h"

namespace sumscope::auth {

// Knows callers by the users and tokens of the catalog, which it reads at each call: nothing is remembered, so that a
// change holds for the next call. A call costs a few reads by index. Thread-safe.
//
// The local socket: the user that has the peer's uid; else the server's own account and root, who are admins, so that
// nobody can be locked out of a machine that is theirs. TLS: the user of the certificate, the user of the token, or
// both where they agree. Loopback without TLS: an admin while there is no user, then nobody. A token is taken over TLS
// alone.
class UserAuthenticator final : public Authenticator {
 public:
  struct Options {
    uint32_t own_uid = 0;              // of the account that runs the server
    std::string own_user;              // its name
    LoginThrottle::Wait wait = Sleep;  // for logins that fail
  };

  // The catalog and the clock outlive it.
  UserAuthenticator(storage::Catalog* catalog, Clock* clock, Options options);

  // UNAUTHENTICATED CERTIFICATE_EXPIRED, CREDENTIAL_MISSING, CREDENTIALS_DISAGREE, LOOPBACK_WITHOUT_USER,
  // TOKEN_EXPIRED, TOKEN_MALFORMED, TOKEN_NOT_YET_VALID, TOKEN_OVER_PLAINTEXT, TOKEN_REVOKED, TOKEN_UNKNOWN,
  // USER_DISABLED, USER_UNKNOWN. Who lacks the secret of a token hears of no reason but TOKEN_UNKNOWN. May block, for
  // limits::kLoginDelayMax at the most.
  absl::StatusOr<Caller> Authenticate(const Peer& peer, Refused* refused) override;
  // PERMISSION_DENIED ROLE_LOWERED; UNAUTHENTICATED as above.
  absl::Status Recheck(const Caller& caller) override;

  // Whether there is a user, disabled or not. Users never go.
  absl::StatusOr<bool> HasUsers();

  // Returns once the uses of tokens so far are noted.
  void FlushTokenUses() { uses_.Flush(); }
  std::string DebugString() { return throttle_.DebugString(); }

 private:
  using Token = std::optional<storage::StoredToken>;

  static void Sleep(absl::Duration duration);

  absl::StatusOr<Caller> Identify(const Peer& peer, Refused* refused);
  absl::StatusOr<bool> HasUsers(storage::CatalogReader& reader);
  absl::StatusOr<Caller> OnSocket(storage::CatalogReader& reader, std::optional<uint32_t> uid, Refused* refused);
  absl::StatusOr<Caller> OnLoopback(storage::CatalogReader& reader);
  // Sets the token that was shown.
  absl::StatusOr<Caller> OverTls(storage::CatalogReader& reader, const Peer& peer, Token* token, Refused* refused);
  absl::StatusOr<storage::StoredToken> ShownToken(storage::CatalogReader& reader, const std::string& header,
                                                  Refused* refused);
  // What a caller of before would be by what they showed.
  absl::StatusOr<Caller> Again(storage::CatalogReader& reader, const Caller& caller);
  Caller OwnAccount(const std::string& name) const;

  storage::Catalog* const catalog_;
  Clock* const clock_;
  const Options options_;
  std::atomic<bool> has_users_{false};  // once true, always
  LoginThrottle throttle_;
  TokenUses uses_;
};

}  // namespace sumscope::auth

#endif  // SUMSCOPE_SERVER_AUTH_USER_AUTHENTICATOR_H_
