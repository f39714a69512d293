#include "server/queue_config.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope {
namespace {

// Before it becomes a duration, which saturates.
absl::Status CheckRange(const char* key, double value, double least, double most, const char* what) {
  if (value >= least && value <= most) return absl::OkStatus();  // not NaN
  return InvalidConfig(absl::StrCat(key, " must be ", what));
}

}  // namespace

absl::StatusOr<jobs::SharePolicy> SharePolicyOf(const ServerConfig& config) {
  SUMSCOPE_RETURN_IF_ERROR(
      CheckRange("slice_minutes", config.slice_minutes, 1.0 / 60, 1e6, "from a second (0.02) to a million"));
  SUMSCOPE_RETURN_IF_ERROR(CheckRange("half_life_hours", config.half_life_hours, 1e-3, 1e6, "from 0.001 to a million"));
  SUMSCOPE_RETURN_IF_ERROR(CheckRange("low_charge", config.low_charge, 0, 1, "from 0 to 1"));
  SUMSCOPE_RETURN_IF_ERROR(CheckRange("quick_seconds", config.quick_seconds, 0, 3600, "from 0 to 3600"));
  jobs::SharePolicy policy;
  policy.slice = absl::Minutes(config.slice_minutes);
  policy.half_life = absl::Hours(config.half_life_hours);
  policy.low_charge = config.low_charge;
  policy.quick = absl::Seconds(config.quick_seconds);
  SUMSCOPE_RETURN_IF_ERROR(jobs::ParseShares(config.shares, &policy));
  SUMSCOPE_RETURN_IF_ERROR(jobs::ParseLimits(config.limits, &policy));
  SUMSCOPE_RETURN_IF_ERROR(jobs::ValidateSharePolicy(policy));
  return policy;
}

}  // namespace sumscope
