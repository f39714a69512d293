#ifndef SUMSCOPE_CLIENT_CLI_ARGUMENTS_USERS_H_
#define SUMSCOPE_CLIENT_CLI_ARGUMENTS_USERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/connection/connection.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::client {

// USER of the command line, "alice" or "users/alice", as users/alice; "" stays. Which names there can be the server
// says. INVALID_ARGUMENT USER_NAME_INVALID.
absl::StatusOr<std::string> UserNameOf(absl::string_view text);
// "alice" of "users/alice" and of "users/alice/tokens/t1234567".
std::string UserIdOf(absl::string_view name);

// TOKEN of the command line as users/{user}/tokens/{token}: USER/ID, as lists show it, or the ID of one of the caller's
// own. INVALID_ARGUMENT TOKEN_NAME_INVALID, which does not repeat a secret that was given instead; errors of GetCaller.
absl::StatusOr<std::string> FindToken(Connection& connection, absl::string_view text);
// "alice/t1234567" of users/alice/tokens/t1234567: what people read, and commands take.
std::string ShortTokenOf(absl::string_view name);

// "viewer", "member" or "admin". INVALID_ARGUMENT ROLE_UNKNOWN.
absl::StatusOr<v1::Role> ParseRole(absl::string_view text);
// The other way; "" for unspecified.
std::string RoleText(v1::Role role);

// What --private of commands that make runs says.
inline constexpr char kPrivateHelp[] = "only you and admins see the run; runs set-visibility changes that";
// "lab" or "private". INVALID_ARGUMENT VISIBILITY_UNKNOWN.
absl::StatusOr<v1::Visibility> ParseVisibility(absl::string_view text);
// The other way; "" for unspecified.
std::string VisibilityText(v1::Visibility visibility);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_ARGUMENTS_USERS_H_
