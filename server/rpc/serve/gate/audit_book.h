#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_BOOK_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_BOOK_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/auth/caller.h"
#include "server/auth/peer.h"
#include "storage/catalog/catalog.h"

namespace sumscope::rpc {

// Sees to it that a call leaves its row in the audit. A change takes the row into its own transaction; what changed
// nothing, refusals above all, is written here when the call ends. What cannot be written is logged, and changes no
// answer. Thread-safe.
class AuditBook {
 public:
  // Both outlive it.
  AuditBook(storage::Catalog* catalog, Clock* clock) : catalog_(catalog), clock_(clock) {}

  // The row of a call that begins, of nobody yet. `request` is null for an upload, whose handler knows more.
  storage::CallAudit Begin(const std::string& method, const auth::Peer& peer, const google::protobuf::Message* request);
  static void SetCaller(const auth::Caller& caller, storage::CallAudit* audit);

  // The call ended so. Of a user's calls that went over a limit only one in limits::kAuditedOverLimit is written: who
  // calls too often must not fill the disk with that.
  void End(const absl::Status& status, storage::CallAudit* audit);

 private:
  bool IsOneTooMany(const absl::Status& status, const storage::AuditRow& row);

  storage::Catalog* const catalog_;
  Clock* const clock_;
  Mutex mutex_;
  // By user or address: when one was written last, monotonic.
  std::map<std::string, absl::Duration> over_limit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_BOOK_H_
