#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_USER_SHARES_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_USER_SHARES_H_

#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "proto/contract/base/mutex.h"
#include "server/jobs/scheduling/policy/fleet.h"
#include "server/jobs/state/context.h"
#include "storage/catalog/actor.h"

namespace sumscope::jobs {

// What users may have: the policy, by the roles of the catalog. Who has no row there is the server's account or root,
// and an admin. Thread-safe.
class UserShares {
 public:
  // `context` outlives it.
  explicit UserShares(Context* context) : context_(context) {}

  // Reads the roles. Errors of the catalog leave the last ones.
  absl::Status Refresh();
  // A user may be newer than what was read.
  void Learn(const storage::Actor& actor);
  UserLimits LimitsOf(const std::string& user);
  // Of those who have had something or stand in `owners`; a plan takes others for users without usage and limits.
  Shares Now(const std::set<std::string>& owners);

 private:
  v1::Role RoleOf(const std::string& user) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Context* const context_;
  Mutex mutex_;
  std::map<std::string, v1::Role> roles_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_USER_SHARES_H_
