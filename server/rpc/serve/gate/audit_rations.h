#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_RATIONS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_RATIONS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/auth/peer.h"
#include "server/rpc/serve/gate/token_bucket.h"

namespace sumscope::rpc {

// How many rows of refusals the audit takes: whoever is refused again and again must not fill the disk with that. Of
// one user, and of one address that shows no user, it takes limits::kAuditedRefusals at once and then one in
// limits::kAuditedOverLimit; of calls beyond a share the latter alone; of all addresses together, for they can be many,
// limits::kAuditedStrangers at once. Thread-safe.
class AuditRations {
 public:
  // `clock` outlives it.
  explicit AuditRations(Clock* clock) : clock_(clock) {}

  // Whether the audit takes the row of a call that changed nothing and ended so. `user` is empty where nobody knows who
  // called. Always of what was not refused for who called or how often.
  bool Takes(const absl::Status& status, const std::string& user, const auth::Peer& peer);

 private:
  using Rations = std::map<std::string, TokenBucket>;

  bool Take(const std::string& who, double at_once, Rations* rations) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock* const clock_;
  Mutex mutex_;
  Rations users_ ABSL_GUARDED_BY(mutex_), addresses_ ABSL_GUARDED_BY(mutex_), all_addresses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_RATIONS_H_
