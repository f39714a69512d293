#include "server/rpc/serve/gate/audit_book.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/limits.h"
#include "server/rpc/serve/gate/request_facts.h"
#include "spdlog/spdlog.h"

namespace sumscope::rpc {
namespace {

// Of calls that come too often to be written one by one.
bool IsOfFlood(const std::string& reason) {
  return reason == "TOO_MANY_CALLS" || reason == "TOO_MANY_UPLOADS" || reason == "TOO_MANY_LOGINS";
}

}  // namespace

storage::CallAudit AuditBook::Begin(const std::string& method, const auth::Peer& peer,
                                    const google::protobuf::Message* request) {
  storage::CallAudit audit;
  audit.row.time = clock_->Now();
  audit.row.method = method;
  audit.row.address = peer.address;
  if (request == nullptr) return audit;
  audit.row.resource = NamedResource(*request);
  audit.row.request_id = RequestIdOf(*request);
  return audit;
}

void AuditBook::SetCaller(const auth::Caller& caller, storage::CallAudit* audit) {
  audit->row.user = caller.name;
  audit->row.credential = caller.credential;
  audit->row.address = caller.address;
}

bool AuditBook::IsOneTooMany(const absl::Status& status, const storage::AuditRow& row) {
  if (!absl::IsResourceExhausted(status) || !IsOfFlood(ErrorReason(status))) return false;
  const absl::Duration now = clock_->Monotonic();
  MutexLock lock(&mutex_);
  if (over_limit_.size() >= limits::kMaxCountedUsers) over_limit_.clear();
  const auto [last, is_first] = over_limit_.try_emplace(row.user.empty() ? row.address : row.user, now);
  if (is_first) return false;
  if (now - last->second < limits::kAuditedOverLimit) return true;
  last->second = now;
  return false;
}

void AuditBook::End(const absl::Status& status, storage::CallAudit* audit) {
  storage::AuditRow& row = audit->row;
  if (audit->written && status.ok()) return;
  row.code = status.code();
  row.reason = ErrorReason(WithReason(status));
  absl::Status written;
  try {
    if (!audit->written && IsOneTooMany(status, row)) return;
    written = catalog_->Write([&](storage::CatalogTransaction& transaction) {
      return audit->written ? transaction.audit().Correct(row) : transaction.audit().Append(&row);
    });
  } catch (const std::exception& error) {  // no memory
    written = absl::ResourceExhaustedError(error.what());
  }
  if (written.ok()) return;
  spdlog::warn(absl::StrCat("the audit lacks a call of ", row.method, " by ", row.user.empty() ? "nobody" : row.user,
                            ", which ended ", absl::StatusCodeToString(row.code), ": ", written.message()));
}

}  // namespace sumscope::rpc
