#ifndef SUMSCOPE_SERVER_RPC_USERS_USER_RULES_H_
#define SUMSCOPE_SERVER_RPC_USERS_USER_RULES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/auth/caller.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::rpc {

// Whether a user may be so, whoever else there is. INVALID_ARGUMENT ROLE_MISSING, UID_INVALID,
// CERTIFICATE_NAME_INVALID.
absl::Status CheckUser(const v1::User& user);

// The account that runs the server: like root an admin on the local socket while no user has its uid.
struct ServerAccount {
  uint32_t uid = 0;
  std::string name;
};

// Whether a user may be so beside `own` and root: a row for the uid of either has its name, is ADMIN and not disabled,
// so that nobody locks the machine's owners out; and their names, like "uid-7" of an account without one, are those of
// users who have that uid, for private runs may be theirs. FAILED_PRECONDITION SERVER_UID, USER_NAME_TAKEN.
absl::Status CheckServerAccounts(const v1::User& user, const ServerAccount& own);

// Disables a user, or enables them again: the time is that of the first disabling in a row.
void SetDisabled(bool disabled, absl::Time now, v1::User* user);

// Takes into `user` what the request's mask names. INVALID_ARGUMENT UPDATE_MASK_EMPTY, FIELD_NOT_MUTABLE.
absl::Status ApplyUpdate(const v1::UpdateUserRequest& request, absl::Time now, v1::User* user);

// Whether the caller may make `now` of the user `before`. FAILED_PRECONDITION OWN_ROLE when they are that user, and it
// would do less.
absl::Status CheckOwnRole(const auth::Caller& caller, const v1::User& before, const v1::User& now);

// A token's name and lifetime. INVALID_ARGUMENT TOKEN_NAME_INVALID, TOKEN_LIFETIME_INVALID.
absl::Status CheckTokenRequest(const v1::CreateTokenRequest& request);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_USERS_USER_RULES_H_
