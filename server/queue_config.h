#ifndef SUMSCOPE_SERVER_QUEUE_CONFIG_H_
#define SUMSCOPE_SERVER_QUEUE_CONFIG_H_

#include "absl/status/statusor.h"
#include "server/config.h"
#include "server/jobs/scheduling/policy/share_policy.h"

namespace sumscope {

// How the box is shared, of the configuration's slice_minutes, half_life_hours, low_charge, quick_seconds, shares
// ("ada=2") and limits ("member:running=4,waiting=500", where viewer, member and admin are roles and all else is a
// user). INVALID_ARGUMENT CONFIG_INVALID, which names the key.
absl::StatusOr<jobs::SharePolicy> SharePolicyOf(const ServerConfig& config);

}  // namespace sumscope

#endif  // SUMSCOPE_SERVER_QUEUE_CONFIG_H_
