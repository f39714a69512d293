#include "server/auth/user_authenticator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/terminal_text.h"
#include "server/auth/refusal.h"
#include "server/auth/tokens.h"

namespace sumscope::auth {
namespace {

constexpr uint32_t kRoot = 0;

Role RoleOf(v1::Role role) {
  if (role == v1::ADMIN) return Role::kAdmin;
  return role == v1::MEMBER ? Role::kMember : Role::kViewer;
}

// UNAUTHENTICATED USER_DISABLED.
absl::StatusOr<Caller> CallerOf(const v1::User& user, std::string credential) {
  Caller caller;
  caller.name = IdOf(user.name());
  caller.role = RoleOf(user.role());
  caller.credential = std::move(credential);
  if (!user.disabled()) return caller;
  return Unauthenticated("USER_DISABLED",
                         absl::StrCat("the user ", caller.name, " is disabled; ask an admin of the server"));
}

std::string CertificateCredential(const std::string& certificate) { return absl::StrCat("certificate ", certificate); }

// UNAUTHENTICATED CERTIFICATE_EXPIRED. TLS looks at a certificate when a connection begins, and never again.
absl::Status CheckCertificate(std::optional<absl::Time> expires, absl::Time now) {
  if (!expires.has_value() || now < *expires) return absl::OkStatus();
  return Unauthenticated("CERTIFICATE_EXPIRED",
                         absl::StrCat("the client certificate expired at ", InUtc(*expires),
                                      "; show a renewed one: deploy/certificates.sh on the server makes it"));
}

absl::Status TokenOverPlaintext() {
  return Unauthenticated("TOKEN_OVER_PLAINTEXT",
                         "a token is taken over TLS alone; on the local socket and over ssh you are known without one. "
                         "If this one went over a network, revoke it: `sumscope token revoke`");
}

absl::Status UidUnknown(uint32_t uid) {
  return Unauthenticated("USER_UNKNOWN",
                         absl::StrCat("no user of this server has the uid ", uid,
                                      "; an admin adds you: `sumscope users add NAME --uid ", uid, "`"));
}

absl::Status CertificateUnknown(absl::string_view name) {
  if (name.empty()) {
    return Unauthenticated(
        "USER_UNKNOWN",
        "the certificate has neither a subject alternative name nor a common name, and so is nobody's; "
        "deploy/certificates.sh makes one with a user's name");
  }
  return Unauthenticated("USER_UNKNOWN",
                         absl::StrCat("no user of this server has the certificate name ", Quote(name),
                                      "; an admin adds you: `sumscope users add NAME --certificate-name ..`"));
}

absl::Status TokenUnknown() {
  return Unauthenticated("TOKEN_UNKNOWN", absl::StrCat("the server knows no such token; ", kAskForToken));
}

absl::Status CredentialsDisagree(absl::string_view a, absl::string_view b) {
  return Unauthenticated("CREDENTIALS_DISAGREE",
                         absl::StrCat("the credentials name two users, ", a, " and ", b, "; show those of one"));
}

absl::StatusOr<v1::User> HolderOf(storage::CatalogReader& reader, const std::string& name) {
  absl::StatusOr<v1::User> user = reader.users().Get(name);
  if (absl::IsNotFound(user.status())) return TokenUnknown();
  return user;
}

// The user whom the names of a certificate mean, and by which name; none where it is nobody's.
struct Certified {
  std::optional<v1::User> user;
  std::string name;
};
absl::StatusOr<Certified> UserOfCertificate(storage::CatalogReader& reader, const std::vector<std::string>& names) {
  Certified certified;
  for (const std::string& name : names) {
    SUMSCOPE_ASSIGN_OR_RETURN(std::optional<v1::User> user, reader.users().OfCertificate(name));
    if (!user.has_value()) continue;
    if (certified.user.has_value() && certified.user->name() != user->name()) {
      return CredentialsDisagree(IdOf(certified.user->name()), IdOf(user->name()));
    }
    if (!certified.user.has_value()) certified = {std::move(user), name};
  }
  return certified;
}

}  // namespace

UserAuthenticator::UserAuthenticator(storage::Catalog* catalog, Clock* clock, Options options)
    : catalog_(catalog),
      clock_(clock),
      options_(std::move(options)),
      throttle_(clock, options_.wait),
      uses_(catalog, clock) {}

void UserAuthenticator::Sleep(absl::Duration duration) { absl::SleepFor(duration); }

absl::StatusOr<Caller> UserAuthenticator::Authenticate(const Peer& peer, Refused* refused) {
  absl::StatusOr<Caller> caller = Identify(peer, refused);
  if (absl::IsUnauthenticated(caller.status())) return throttle_.Refuse(LoginOrigin(peer), caller.status());
  if (caller.ok()) caller->address = peer.address;
  return caller;
}

absl::StatusOr<Caller> UserAuthenticator::Identify(const Peer& peer, Refused* refused) {
  if (peer.way != Way::kTls && peer.authorization.has_value()) return TokenOverPlaintext();
  Caller caller;
  Token token;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Read([&](storage::CatalogReader& reader) -> absl::Status {
    switch (peer.way) {
      case Way::kSocket: {
        SUMSCOPE_ASSIGN_OR_RETURN(caller, OnSocket(reader, peer.uid, refused));
        return absl::OkStatus();
      }
      case Way::kLoopback: {
        SUMSCOPE_ASSIGN_OR_RETURN(caller, OnLoopback(reader));
        return absl::OkStatus();
      }
      case Way::kTls: {
        SUMSCOPE_ASSIGN_OR_RETURN(caller, OverTls(reader, peer, &token, refused));
        return absl::OkStatus();
      }
    }
    return absl::InternalError("a way in that nobody knows");
  }));
  if (token.has_value()) uses_.Note(*token);
  return caller;
}

absl::StatusOr<bool> UserAuthenticator::HasUsers() {
  bool has_users = false;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(has_users, HasUsers(reader));
    return absl::OkStatus();
  }));
  return has_users;
}

absl::StatusOr<bool> UserAuthenticator::HasUsers(storage::CatalogReader& reader) {
  if (has_users_) return true;
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t count, reader.users().Count());
  if (count > 0) has_users_ = true;
  return count > 0;
}

Caller UserAuthenticator::OwnAccount(const std::string& name) const {
  Caller caller;
  caller.name = name;
  caller.role = Role::kAdmin;
  caller.unlimited = true;
  return caller;
}

absl::StatusOr<Caller> UserAuthenticator::OnSocket(storage::CatalogReader& reader, std::optional<uint32_t> uid,
                                                   Refused* refused) {
  if (!uid.has_value()) {
    return Unauthenticated("CREDENTIAL_MISSING", "the system does not say who is at the other end of the socket");
  }
  const std::string credential = CredentialOf(*uid);
  refused->credential = credential;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<v1::User> user, reader.users().OfUid(*uid));
  Caller caller;
  if (user.has_value()) {
    refused->user = IdOf(user->name());
    SUMSCOPE_ASSIGN_OR_RETURN(caller, CallerOf(*user, credential));
  } else if (*uid == options_.own_uid) {
    caller = OwnAccount(options_.own_user);
  } else if (*uid == kRoot) {
    caller = OwnAccount("root");
  } else {
    return UidUnknown(*uid);
  }
  caller.credential = credential;
  caller.uid = uid;
  return caller;
}

absl::StatusOr<Caller> UserAuthenticator::OnLoopback(storage::CatalogReader& reader) {
  SUMSCOPE_ASSIGN_OR_RETURN(const bool has_users, HasUsers(reader));
  if (has_users) {
    return Unauthenticated("LOOPBACK_WITHOUT_USER",
                           "the server has users, and over TCP without TLS nobody can say which of them calls; use the "
                           "local socket, ssh or TLS");
  }
  Caller caller = OwnAccount(options_.own_user);
  caller.credential = "loopback";
  return caller;
}

absl::StatusOr<storage::StoredToken> UserAuthenticator::ShownToken(storage::CatalogReader& reader,
                                                                   const std::string& header, Refused* refused) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string text, TokenInHeader(header));
  const std::string digest = TokenDigest(text);
  SUMSCOPE_ASSIGN_OR_RETURN(const Token token, reader.tokens().Find(TokenIdOf(text)));
  // The same work whether there is such an id.
  const bool same = SameDigest(token.has_value() ? token->digest : std::string(digest.size(), '\0'), digest);
  if (!token.has_value() || !same) return TokenUnknown();
  *refused = {token->user, absl::StrCat("token ", token->display_name)};
  SUMSCOPE_RETURN_IF_ERROR(CheckToken(*token, clock_->Now()));
  return *token;
}

absl::StatusOr<Caller> UserAuthenticator::OverTls(storage::CatalogReader& reader, const Peer& peer, Token* token,
                                                  Refused* refused) {
  if (peer.certificate_names.empty() && !peer.authorization.has_value()) {
    return Unauthenticated(
        "CREDENTIAL_MISSING",
        "over TLS a caller shows a token, or a client certificate with a name, and there was neither; "
        "`sumscope login` asks for a token");
  }
  if (!peer.certificate_names.empty()) {
    const std::string shown = peer.certificate_names.front().substr(0, limits::kMaxCertificateNameLength);
    refused->credential = CertificateCredential(EscapeText(shown));  // of a name that no user has nothing is known
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const Certified certified, UserOfCertificate(reader, peer.certificate_names));
  std::optional<v1::User> user = certified.user;
  std::string credential = CertificateCredential(certified.name);
  if (user.has_value()) {
    *refused = {IdOf(user->name()), credential};
    SUMSCOPE_RETURN_IF_ERROR(CheckCertificate(peer.certificate_expires, clock_->Now()));
  }
  if (peer.authorization.has_value()) {
    SUMSCOPE_ASSIGN_OR_RETURN(*token, ShownToken(reader, *peer.authorization, refused));
    const std::string of_token = absl::StrCat("token ", (*token)->display_name);
    if (user.has_value() && IdOf(user->name()) != (*token)->user) {
      return CredentialsDisagree(IdOf(user->name()), (*token)->user);
    }
    credential = user.has_value() ? absl::StrCat(credential, ", ", of_token) : of_token;
    SUMSCOPE_ASSIGN_OR_RETURN(user, HolderOf(reader, (*token)->user));
  }
  if (!user.has_value()) return CertificateUnknown(peer.certificate_names.front());
  SUMSCOPE_ASSIGN_OR_RETURN(Caller caller, CallerOf(*user, std::move(credential)));
  caller.certificate = certified.name;
  if (certified.user.has_value()) caller.expires = peer.certificate_expires;
  if (token->has_value()) {
    caller.token = (*token)->id;
    caller.expires = std::min(caller.expires.value_or(absl::InfiniteFuture()), (*token)->expire_time);
  }
  return caller;
}

absl::StatusOr<Caller> UserAuthenticator::Again(storage::CatalogReader& reader, const Caller& caller) {
  Refused nobody;
  if (caller.uid.has_value()) return OnSocket(reader, caller.uid, &nobody);
  if (caller.certificate.empty() && caller.token.empty()) return OnLoopback(reader);
  if (!caller.token.empty()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const Token token, reader.tokens().Find(caller.token));
    if (!token.has_value()) return TokenUnknown();
    SUMSCOPE_RETURN_IF_ERROR(CheckToken(*token, clock_->Now()));
  }
  if (!caller.certificate.empty()) {
    SUMSCOPE_RETURN_IF_ERROR(CheckCertificate(caller.expires, clock_->Now()));  // the token's end is not passed
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<v1::User> user, reader.users().OfCertificate(caller.certificate));
    if (!user.has_value()) return CertificateUnknown(caller.certificate);
    return CallerOf(*user, caller.credential);
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::User user, HolderOf(reader, caller.name));
  return CallerOf(user, caller.credential);
}

absl::Status UserAuthenticator::Recheck(const Caller& caller) {
  Caller again;
  SUMSCOPE_RETURN_IF_ERROR(catalog_->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(again, Again(reader, caller));
    return absl::OkStatus();
  }));
  if (again.name != caller.name) {
    return Unauthenticated("USER_UNKNOWN",
                           absl::StrCat("you came as ", caller.name, ", and your credential is another user's since"));
  }
  if (again.role >= caller.role) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "ROLE_LOWERED",
                   "your role was lowered while the call went on; call again to see what it still allows");
}

}  // namespace sumscope::auth
