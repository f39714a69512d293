#include "server/jobs/scheduling/policy/share_policy.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/quote.h"

namespace sumscope::jobs {
namespace {

absl::Status PolicyError(const std::string& key, const std::string& expected) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID", absl::StrCat(key, ": expected ", expected));
}

}  // namespace

double SharePolicy::WeightOf(const std::string& user) const {
  const auto weight = weights.find(user);
  return weight == weights.end() ? 1 : weight->second;
}

UserLimits SharePolicy::LimitsOf(const std::string& user, v1::Role role) const {
  const auto of_role = role_limits.find(role);
  UserLimits limits = of_role == role_limits.end() ? UserLimits() : of_role->second;
  const auto of_user = user_limits.find(user);
  if (of_user == user_limits.end()) return limits;
  if (of_user->second.running.has_value()) limits.running = of_user->second.running;
  if (of_user->second.waiting.has_value()) limits.waiting = of_user->second.waiting;
  if (of_user->second.high.has_value()) limits.high = of_user->second.high;
  return limits;
}

bool IsWeight(double weight) { return std::isfinite(weight) && weight >= kLeastWeight && weight <= kMostWeight; }

absl::Status ValidateSharePolicy(const SharePolicy& policy) {
  if (policy.slice < absl::Seconds(1)) return PolicyError("slice_minutes", "at least a second, 0.017");
  if (policy.half_life <= absl::ZeroDuration()) return PolicyError("half_life_hours", "more than 0");
  // Not a number is no number in between.
  if (!(policy.low_charge >= 0 && policy.low_charge <= 1)) return PolicyError("low_charge", "a number from 0 to 1");
  if (policy.quick < absl::ZeroDuration()) return PolicyError("quick_seconds", "0 or more");
  for (const auto& [user, weight] : policy.weights) {
    if (!IsWeight(weight)) {
      return PolicyError("shares", absl::StrCat("a weight from ", kLeastWeight, " to ", kMostWeight, " for ",
                                                Quote(user), ", not ", weight));
    }
  }
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
