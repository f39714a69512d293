#include "server/rpc/serve/gate/audit_rations.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/auth/login_throttle.h"

namespace sumscope::rpc {
namespace {

// Of calls that come too often to be written one by one.
bool IsOfFlood(const std::string& reason) {
  return reason == "TOO_MANY_CALLS" || reason == "TOO_MANY_UPLOADS" || reason == "TOO_MANY_LOGINS" ||
         reason == "THREADS_EXHAUSTED";
}

}  // namespace

bool AuditRations::Takes(const absl::Status& status, const std::string& user, const auth::Peer& peer) {
  const bool flood = absl::IsResourceExhausted(status) && IsOfFlood(ErrorReason(status));
  if (!flood && !absl::IsUnauthenticated(status) && !absl::IsPermissionDenied(status)) return true;
  const double at_once = flood ? 1 : limits::kAuditedRefusals;
  const char* const kind = flood ? "flood " : "refusal ";
  MutexLock lock(&mutex_);
  // A refused login is its address's, whosever it might have been.
  if (!user.empty() && !absl::IsUnauthenticated(status)) return Take(absl::StrCat(kind, user), at_once, &users_);
  return Take(absl::StrCat(kind, auth::LoginOrigin(peer)), at_once, &addresses_) &&
         Take("", limits::kAuditedStrangers, &all_addresses_);
}

bool AuditRations::Take(const std::string& who, double at_once, Rations* rations) {
  const absl::Duration now = clock_->Monotonic();
  if (rations->size() >= limits::kMaxCountedUsers && rations->count(who) == 0) rations->clear();
  const TokenBucket full(at_once, 1 / absl::ToDoubleSeconds(limits::kAuditedOverLimit), now);
  return rations->try_emplace(who, full).first->second.Take(now);
}

}  // namespace sumscope::rpc
