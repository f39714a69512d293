#include "server/queue_config.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

using Pair = std::pair<std::string, std::string>;

// Both sides of the first `separator`, neither of them empty.
std::optional<Pair> SplitOnce(absl::string_view text, char separator) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(separator, 1));
  if (parts.first.empty() || parts.second.empty()) return std::nullopt;
  return Pair(parts.first, parts.second);
}

bool IsUser(const std::string& name) {
  return name.size() <= limits::kMaxAccountNameLength &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f || c == ','; });
}

absl::Status TakeShare(const std::string& text, jobs::SharePolicy* policy) {
  const std::optional<Pair> share = SplitOnce(text, '=');
  double weight = 0;
  if (!share.has_value() || !IsUser(share->first) || !absl::SimpleAtod(share->second, &weight)) {
    return InvalidConfig(absl::StrCat("shares has ", Quote(text), "; expected USER=WEIGHT, such as ada=2"));
  }
  if (policy->weights.insert({share->first, weight}).second) return absl::OkStatus();
  return InvalidConfig(absl::StrCat("shares names ", Quote(share->first), " twice"));
}

absl::Status TakeBound(const std::string& text, const std::string& bound, jobs::UserLimits* limits) {
  const std::optional<Pair> parts = SplitOnce(bound, '=');
  uint32_t count = 0;
  std::optional<uint32_t>* into = nullptr;
  if (parts.has_value() && absl::SimpleAtoi(parts->second, &count)) {
    if (parts->first == "running") into = &limits->running;
    if (parts->first == "waiting") into = &limits->waiting;
    if (parts->first == "high") into = &limits->high;
  }
  if (into == nullptr) {
    return InvalidConfig(absl::StrCat("limits has ", Quote(bound), " in ", Quote(text),
                                      "; expected running=N, waiting=N or high=N, N a whole number, 0 for no bound"));
  }
  if (into->has_value())
    return InvalidConfig(absl::StrCat("limits has ", Quote(text), ", which bounds the same twice"));
  *into = count;
  return absl::OkStatus();
}

absl::Status TakeLimits(const std::string& text, jobs::SharePolicy* policy) {
  const std::optional<Pair> of = SplitOnce(text, ':');
  if (!of.has_value() || !IsUser(of->first)) {
    return InvalidConfig(absl::StrCat("limits has ", Quote(text),
                                      "; expected a role or a user and bounds, such as member:running=4,waiting=500"));
  }
  jobs::UserLimits limits;
  for (const absl::string_view bound : absl::StrSplit(of->second, ',')) {
    SUMSCOPE_RETURN_IF_ERROR(TakeBound(text, std::string(bound), &limits));
  }
  const std::pair<const char*, v1::Role> roles[] = {
      {"viewer", v1::VIEWER}, {"member", v1::MEMBER}, {"admin", v1::ADMIN}};
  bool is_new = false, is_role = false;
  for (const auto& [name, role] : roles) {
    if (of->first != name) continue;
    is_role = true;
    is_new = policy->role_limits.insert({role, limits}).second;
  }
  if (!is_role) is_new = policy->user_limits.insert({of->first, limits}).second;
  return is_new ? absl::OkStatus() : InvalidConfig(absl::StrCat("limits names ", Quote(of->first), " twice"));
}

absl::Status CheckTime(const char* key, double value, double least, double most, const char* what) {
  if (value >= least && value <= most) return absl::OkStatus();  // not NaN
  return InvalidConfig(absl::StrCat(key, " must be ", what));
}

}  // namespace

absl::StatusOr<jobs::SharePolicy> SharePolicyOf(const ServerConfig& config) {
  SUMSCOPE_RETURN_IF_ERROR(CheckTime("slice_minutes", config.slice_minutes, 1.0 / 60, 1e6, "at least a second"));
  SUMSCOPE_RETURN_IF_ERROR(CheckTime("half_life_hours", config.half_life_hours, 1e-3, 1e6, "above 0"));
  SUMSCOPE_RETURN_IF_ERROR(CheckTime("low_charge", config.low_charge, 0, 1, "0 to 1"));
  SUMSCOPE_RETURN_IF_ERROR(CheckTime("quick_seconds", config.quick_seconds, 0, 3600, "0 to 3600"));
  jobs::SharePolicy policy;
  policy.slice = absl::Minutes(config.slice_minutes);
  policy.half_life = absl::Hours(config.half_life_hours);
  policy.low_charge = config.low_charge;
  policy.quick = absl::Seconds(config.quick_seconds);
  for (const std::string& share : config.shares) SUMSCOPE_RETURN_IF_ERROR(TakeShare(share, &policy));
  for (const std::string& limit : config.limits) SUMSCOPE_RETURN_IF_ERROR(TakeLimits(limit, &policy));
  SUMSCOPE_RETURN_IF_ERROR(jobs::ValidateSharePolicy(policy));
  return policy;
}

}  // namespace sumscope
