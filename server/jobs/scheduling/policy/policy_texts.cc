// How the configuration spells shares and limits.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/scheduling/policy/share_policy.h"

namespace sumscope::jobs {
namespace {

absl::Status TextError(const std::string& key, const std::string& text, const std::string& wrong) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID",
                   absl::StrCat(key, " has ", Quote(text), ": ", wrong));
}

// "name<separator>rest", without blanks around; false where one of both is missing.
bool SplitName(const std::string& text, char separator, std::string* name, std::string* rest) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(separator, 1));
  *name = std::string(absl::StripAsciiWhitespace(parts.first));
  *rest = std::string(absl::StripAsciiWhitespace(parts.second));
  return !name->empty() && !rest->empty();
}

v1::Role RoleOf(const std::string& name) {
  if (name == "viewer") return v1::VIEWER;
  if (name == "member") return v1::MEMBER;
  return name == "admin" ? v1::ADMIN : v1::ROLE_UNSPECIFIED;
}

absl::Status ParseLimit(const std::string& text, const std::string& setting, UserLimits* limits) {
  std::string field, number;
  if (!SplitName(setting, '=', &field, &number))
    return TextError("limits", text, "expected running=4,waiting=500,high=2");
  std::optional<uint32_t>* value = field == "running"   ? &limits->running
                                   : field == "waiting" ? &limits->waiting
                                   : field == "high"    ? &limits->high
                                                        : nullptr;
  if (value == nullptr) {
    return TextError("limits", text, absl::StrCat(Quote(field), " is none of running, waiting and high"));
  }
  if (value->has_value()) return TextError("limits", text, absl::StrCat(field, " stands there twice"));
  uint32_t count = 0;
  const bool digits = std::all_of(number.begin(), number.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(number, &count)) {
    return TextError("limits", text, absl::StrCat(field, " takes a whole number below 2^32, 0 for none"));
  }
  *value = count;
  return absl::OkStatus();
}

}  // namespace

absl::Status ParseShares(const std::vector<std::string>& texts, SharePolicy* policy) {
  std::map<std::string, double> weights;
  for (const std::string& text : texts) {
    std::string user, number;
    if (!SplitName(text, '=', &user, &number)) return TextError("shares", text, "expected user=weight, as in ada=2");
    if (!ValidateUserName(user).ok()) return TextError("shares", text, "that is no name of a user");
    double weight = 0;
    if (!absl::SimpleAtod(number, &weight) || !IsWeight(weight)) {
      return TextError("shares", text, absl::StrCat("expected a weight from ", kLeastWeight, " to ", kMostWeight));
    }
    if (!weights.emplace(user, weight).second) return TextError("shares", text, "the user stands there twice");
  }
  policy->weights = std::move(weights);
  return absl::OkStatus();
}

absl::Status ParseLimits(const std::vector<std::string>& texts, SharePolicy* policy) {
  std::map<v1::Role, UserLimits> of_roles;
  std::map<std::string, UserLimits> of_users;
  for (const std::string& text : texts) {
    std::string name, settings;
    if (!SplitName(text, ':', &name, &settings)) {
      return TextError("limits", text, "expected member:running=4,waiting=500,high=2 or a user instead of the role");
    }
    UserLimits limits;
    for (const std::string& setting : std::vector<std::string>(absl::StrSplit(settings, ','))) {
      SUMSCOPE_RETURN_IF_ERROR(ParseLimit(text, setting, &limits));
    }
    const v1::Role role = RoleOf(name);
    if (role == v1::ROLE_UNSPECIFIED && !ValidateUserName(name).ok()) {
      return TextError("limits", text, "that is neither a role nor the name of a user");
    }
    const bool is_new =
        role == v1::ROLE_UNSPECIFIED ? of_users.emplace(name, limits).second : of_roles.emplace(role, limits).second;
    if (!is_new) return TextError("limits", text, absl::StrCat(name, " stands there twice"));
  }
  policy->role_limits = std::move(of_roles);
  policy->user_limits = std::move(of_users);
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
