#include "client/cli/arguments/users.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"

namespace sumscope::client {
namespace {

constexpr absl::string_view kUsers = "users/", kTokens = "/tokens/", kSecret = "sst_";

constexpr std::pair<absl::string_view, v1::Role> kRoles[] = {
    {"viewer", v1::VIEWER}, {"member", v1::MEMBER}, {"admin", v1::ADMIN}};
constexpr std::pair<absl::string_view, v1::Visibility> kVisibilities[] = {{"lab", v1::LAB}, {"private", v1::PRIVATE}};

}  // namespace

absl::StatusOr<std::string> UserNameOf(absl::string_view text) {
  if (text.empty()) return std::string();
  const absl::string_view user = absl::StripPrefix(text, kUsers);
  if (user.empty() || absl::StrContains(user, '/')) {
    return InvalidField(
        "USER_NAME_INVALID", "user",
        absl::StrCat(Quote(text),
                     " names no user; expected one like alice: lower-case letters, digits, '.', '_' and "
                     "'-', the first a letter"));
  }
  return absl::StrCat(kUsers, user);
}

std::string UserIdOf(absl::string_view name) {
  const absl::string_view user = absl::StripPrefix(name, kUsers);
  return std::string(user.substr(0, user.find('/')));
}

absl::StatusOr<std::string> FindToken(Connection& connection, absl::string_view text) {
  if (absl::StrContains(text, kSecret)) {
    return InvalidField("TOKEN_NAME_INVALID", "name",
                        "that is a token's secret; give its id, the part behind sst_, and revoke it: who reads your "
                        "command line has seen it");
  }
  const absl::string_view rest = absl::StripPrefix(text, kUsers);
  std::pair<std::string, std::string> parts = absl::StrSplit(rest, absl::MaxSplits('/', 1));
  auto& [user, id] = parts;
  if (!absl::StrContains(rest, '/')) std::swap(user, id);
  id = std::string(absl::StripPrefix(id, kTokens.substr(1)));
  if (id.empty() || absl::StrContains(id, '/')) {
    return InvalidField(
        "TOKEN_NAME_INVALID", "name",
        absl::StrCat(Quote(text), " names no token; expected the id of one, or USER/ID: see sumscope token list"));
  }
  if (!user.empty()) return absl::StrCat(kUsers, user, kTokens, id);
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Caller caller, connection.Call(v1::GetCallerRequest()));
  return absl::StrCat(caller.user(), kTokens, id);
}

std::string ShortTokenOf(absl::string_view name) {
  return absl::StrCat(UserIdOf(name), "/", name.substr(name.rfind('/') + 1));
}

absl::StatusOr<v1::Role> ParseRole(absl::string_view text) {
  for (const auto& [name, role] : kRoles) {
    if (name == text) return role;
  }
  return InvalidField("ROLE_UNKNOWN", "role",
                      absl::StrCat(Quote(text), " is no role; expected viewer, member or admin"));
}

std::string RoleText(v1::Role role) {
  for (const auto& [name, known] : kRoles) {
    if (known == role) return std::string(name);
  }
  return "";
}

absl::StatusOr<v1::Visibility> ParseVisibility(absl::string_view text) {
  for (const auto& [name, visibility] : kVisibilities) {
    if (name == text) return visibility;
  }
  return InvalidField("VISIBILITY_UNKNOWN", "visibility",
                      absl::StrCat(Quote(text), " is no visibility; expected lab or private"));
}

std::string VisibilityText(v1::Visibility visibility) {
  for (const auto& [name, known] : kVisibilities) {
    if (known == visibility) return std::string(name);
  }
  return "";
}

}  // namespace sumscope::client
