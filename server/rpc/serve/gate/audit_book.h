#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_BOOK_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_BOOK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "proto/contract/base/clock.h"
#include "proto/contract/base/mutex.h"
#include "server/auth/caller.h"
#include "server/auth/peer.h"
#include "server/rpc/serve/gate/audit_rations.h"
#include "storage/catalog/catalog.h"

namespace sumscope::rpc {

// Sees to it that a call leaves its row in the audit. A change takes the row into its own transaction; what changed
// nothing, refusals above all, is written here when the call ends. What cannot be written is logged, and changes no
// answer. Thread-safe.
class AuditBook {
 public:
  // Both outlive it.
  AuditBook(storage::Catalog* catalog, Clock* clock) : catalog_(catalog), clock_(clock), rations_(clock) {}

  // The row of a call that begins, of nobody yet; of the local socket it has the uid. `request` is null for an upload,
  // whose handler knows more.
  storage::CallAudit Begin(const std::string& method, const auth::Peer& peer, const google::protobuf::Message* request);
  static void SetCaller(const auth::Caller& caller, storage::CallAudit* audit);
  static void SetRefused(const auth::Refused& refused, storage::CallAudit* audit);

  // The call ended so. Refusals that are too many are not written: AuditRations.
  void End(const auth::Peer& peer, const absl::Status& status, storage::CallAudit* audit);
  // The same in a thread that must not wait, of a call that did nothing: the row comes with the next WriteDeferred.
  void EndLater(const auth::Peer& peer, const absl::Status& status, storage::CallAudit audit);
  // To be called every second or so, and once more when no call comes any more.
  void WriteDeferred();

 private:
  static void SetEnd(const absl::Status& status, storage::AuditRow* row);
  void Write(storage::CallAudit* audit);

  storage::Catalog* const catalog_;
  Clock* const clock_;
  AuditRations rations_;
  Mutex mutex_;
  std::vector<storage::CallAudit> deferred_ ABSL_GUARDED_BY(mutex_);  // at most kMaxDeferred
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_AUDIT_BOOK_H_
