#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_SHARE_POLICY_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_SHARE_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sumscope/v1/users.pb.h"

namespace sumscope::jobs {

// How many jobs one user may have. Absent of running and waiting, or 0: as many as they like.
struct UserLimits {
  std::optional<uint32_t> running;  // at once; the quick lane does not count
  std::optional<uint32_t> waiting;  // in the queue
  std::optional<uint32_t> high;     // of priority HIGH, waiting or running; absent or 0: none; admins have no bound
};

// How the box is shared, as the configuration says. A value type.
struct SharePolicy {
  absl::Duration half_life = absl::Hours(24);  // of what a user has had
  absl::Duration slice = absl::Minutes(30);    // that a training keeps its slot while others with less usage wait
  double low_charge = 0.5;                     // of a device-second of priority LOW
  absl::Duration quick = absl::Seconds(10);    // analyses expected to be shorter take the quick lane
  std::map<std::string, double> weights;       // by user; 1 where there is none
  std::map<v1::Role, UserLimits> role_limits;
  std::map<std::string, UserLimits> user_limits;  // field by field before those of the role

  double WeightOf(const std::string& user) const;
  UserLimits LimitsOf(const std::string& user, v1::Role role) const;
};

// A weight is finite and from here to there: beyond, usage over weight says nothing any more.
inline constexpr double kLeastWeight = 1e-3, kMostWeight = 1e3;
bool IsWeight(double weight);

// INVALID_ARGUMENT CONFIG_INVALID, which names the key: weights that are none, a slice below a second, a half-life of
// 0, a charge outside of 0..1.
absl::Status ValidateSharePolicy(const SharePolicy& policy);

// Reads `shares` of the configuration, "ada=2" each, into policy->weights. INVALID_ARGUMENT CONFIG_INVALID: no such
// text, a user twice, no weight; the policy is as before.
absl::Status ParseShares(const std::vector<std::string>& texts, SharePolicy* policy);
// Reads `limits` of the configuration, "member:running=4,waiting=500,high=2" or "ada:running=8" each, into the limits
// of roles and users. A role's name is the role, viewer, member or admin. INVALID_ARGUMENT CONFIG_INVALID: no such
// text, a name or field twice, no whole number below 2^32; the policy is as before.
absl::Status ParseLimits(const std::vector<std::string>& texts, SharePolicy* policy);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_SHARE_POLICY_H_
