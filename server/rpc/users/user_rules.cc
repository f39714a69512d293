#include "server/rpc/users/user_rules.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::rpc {
namespace {

constexpr uint32_t kNoUid = std::numeric_limits<uint32_t>::max();  // what the system says instead of one

// Printable as it is, with at least one character.
bool IsShown(const std::string& text, size_t maximum) {
  return !text.empty() && text.size() <= maximum && EscapeText(text) == text;
}

absl::Status CheckUids(const v1::User& user) {
  constexpr char kReason[] = "UID_INVALID", kField[] = "user.local_uids";
  if (user.local_uids_size() > limits::kMaxUserUids) {
    return InvalidField(kReason, kField, absl::StrCat("a user has at most ", limits::kMaxUserUids, " uids"));
  }
  std::set<uint32_t> seen;
  for (const uint32_t uid : user.local_uids()) {
    if (uid == kNoUid) return InvalidField(kReason, kField, absl::StrCat(uid, " is no account's uid"));
    if (!seen.insert(uid).second) {
      return InvalidField(kReason, kField, absl::StrCat("uid ", uid, " stands there twice; once is enough"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCertificateNames(const v1::User& user) {
  constexpr char kReason[] = "CERTIFICATE_NAME_INVALID", kField[] = "user.certificate_names";
  if (user.certificate_names_size() > limits::kMaxCertificateNames) {
    return InvalidField(kReason, kField,
                        absl::StrCat("a user has at most ", limits::kMaxCertificateNames, " certificate names"));
  }
  std::set<std::string> seen;
  for (const std::string& name : user.certificate_names()) {
    if (!IsShown(name, limits::kMaxCertificateNameLength)) {
      return InvalidField(kReason, kField,
                          absl::StrCat(Quote(name), " is no name of a certificate: it has 1 to ",
                                       limits::kMaxCertificateNameLength, " bytes, none of them a control character"));
    }
    if (!seen.insert(name).second) {
      return InvalidField(kReason, kField, absl::StrCat(Quote(name), " stands there twice; once is enough"));
    }
  }
  return absl::OkStatus();
}

bool HasUid(const v1::User& user, uint32_t uid) {
  return std::find(user.local_uids().begin(), user.local_uids().end(), uid) != user.local_uids().end();
}

// Whether the row of a user may claim the uid of `account`, an admin without one, or has its name without its uid.
absl::Status CheckServerAccount(const v1::User& user, const ServerAccount& account) {
  const bool named = user.name() == UserName(account.name);
  if (!HasUid(user, account.uid)) {
    if (!named) return absl::OkStatus();
    return MakeError(absl::StatusCode::kFailedPrecondition, "USER_NAME_TAKEN",
                     absl::StrCat(account.name, " is the account of uid ", account.uid,
                                  ", an admin who needs no row; take another name, or give the user that uid"));
  }
  if (named && user.role() == v1::ADMIN && !user.disabled()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SERVER_UID",
                   absl::StrCat("uid ", account.uid, " is an admin as ", account.name,
                                ", also without a user: a user with that uid ", "is called ", account.name,
                                ", is ADMIN and not disabled, or nobody could mend the server's users"));
}

}  // namespace

absl::Status CheckServerAccounts(const v1::User& user, const ServerAccount& own) {
  SUMSCOPE_RETURN_IF_ERROR(CheckServerAccount(user, own));
  if (own.uid != 0) SUMSCOPE_RETURN_IF_ERROR(CheckServerAccount(user, {0, "root"}));
  // Of accounts that the system has no name for the server makes one.
  absl::string_view number = user.name();
  uint32_t uid = 0;
  if (!absl::ConsumePrefix(&number, UserName("uid-")) || !absl::SimpleAtoi(number, &uid) || HasUid(user, uid)) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "USER_NAME_TAKEN",
      absl::StrCat(IdOf(user.name()), " is the name of an account without one; take another name, or give ",
                   "the user the uid ", uid));
}

absl::Status CheckUser(const v1::User& user) {
  if (user.role() == v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(user.role())) {
    return InvalidField("ROLE_MISSING", "user.role",
                        absl::StrCat("a user has a role, VIEWER, MEMBER or ADMIN; ", static_cast<int>(user.role()),
                                     " is none of them"));
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckUids(user));
  return CheckCertificateNames(user);
}

void SetDisabled(bool disabled, absl::Time now, v1::User* user) {
  if (!disabled) user->clear_disable_time();
  if (disabled && !user->disabled()) *user->mutable_disable_time() = ToTimestamp(now);
  user->set_disabled(disabled);
}

absl::Status ApplyUpdate(const v1::UpdateUserRequest& request, absl::Time now, v1::User* user) {
  if (request.update_mask().paths().empty()) {
    return InvalidField("UPDATE_MASK_EMPTY", "update_mask",
                        "update_mask names nothing; it takes role, local_uids, certificate_names and disabled");
  }
  const v1::User& wanted = request.user();
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "role") {
      user->set_role(wanted.role());
    } else if (path == "local_uids") {
      *user->mutable_local_uids() = wanted.local_uids();
    } else if (path == "certificate_names") {
      *user->mutable_certificate_names() = wanted.certificate_names();
    } else if (path == "disabled") {
      SetDisabled(wanted.disabled(), now, user);
    } else {
      return InvalidField("FIELD_NOT_MUTABLE", "update_mask",
                          absl::StrCat(Quote(path),
                                       " cannot be changed; role, local_uids, certificate_names and "
                                       "disabled can"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOwnRole(const auth::Caller& caller, const v1::User& before, const v1::User& now) {
  const bool less = now.role() < before.role() || (now.disabled() && !before.disabled());
  if (!less || UserName(caller.name) != before.name()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "OWN_ROLE",
                   "you would lower your own role or disable yourself; another admin does that for you");
}

absl::Status CheckTokenRequest(const v1::CreateTokenRequest& request) {
  if (!IsShown(request.display_name(), limits::kMaxTokenNameLength)) {
    return InvalidField("TOKEN_NAME_INVALID", "display_name",
                        absl::StrCat("a token has a name of 1 to ", limits::kMaxTokenNameLength,
                                     " bytes without control characters, not ", Quote(request.display_name())));
  }
  if (absl::StrContains(request.display_name(), "sst_")) {
    return InvalidField(
        "TOKEN_NAME_INVALID", "display_name",
        "a token's name is shown to others, and this one has sst_ in it, as tokens have; name what it is "
        "for. If it is a token, revoke that: `sumscope token revoke`");
  }
  if (request.lifetime_days() > limits::kMaxTokenDays) {
    return InvalidField(
        "TOKEN_LIFETIME_INVALID", "lifetime_days",
        absl::StrCat("a token lives for at most ", limits::kMaxTokenDays, " days, not ", request.lifetime_days()));
  }
  return absl::OkStatus();
}

}  // namespace sumscope::rpc
