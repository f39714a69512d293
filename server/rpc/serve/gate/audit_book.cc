#include "server/rpc/serve/gate/audit_book.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "server/rpc/serve/gate/request_facts.h"
#include "spdlog/spdlog.h"

namespace sumscope::rpc {
namespace {

constexpr size_t kMaxDeferred = 1'000;  // for which a second is short

}  // namespace

storage::CallAudit AuditBook::Begin(const std::string& method, const auth::Peer& peer,
                                    const google::protobuf::Message* request) {
  storage::CallAudit audit;
  audit.row.time = clock_->Now();
  audit.row.method = method;
  audit.row.address = peer.address;
  if (peer.way == auth::Way::kSocket && peer.uid.has_value()) audit.row.credential = auth::CredentialOf(*peer.uid);
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

void AuditBook::SetRefused(const auth::Refused& refused, storage::CallAudit* audit) {
  audit->row.user = refused.user;
  if (!refused.credential.empty()) audit->row.credential = refused.credential;
}

void AuditBook::SetEnd(const absl::Status& status, storage::AuditRow* row) {
  row->code = status.code();
  row->reason = ErrorReason(WithReason(status));
}

void AuditBook::End(const auth::Peer& peer, const absl::Status& status, storage::CallAudit* audit) {
  if (audit->written && status.ok()) return;
  if (!audit->written && !rations_.Takes(status, audit->row.user, peer)) return;
  SetEnd(status, &audit->row);
  Write(audit);
}

void AuditBook::EndLater(const auth::Peer& peer, const absl::Status& status, storage::CallAudit audit) {
  if (!rations_.Takes(status, audit.row.user, peer)) return;
  SetEnd(status, &audit.row);
  MutexLock lock(&mutex_);
  if (deferred_.size() < kMaxDeferred) deferred_.push_back(std::move(audit));
}

void AuditBook::WriteDeferred() {
  std::vector<storage::CallAudit> deferred;
  {
    MutexLock lock(&mutex_);
    deferred.swap(deferred_);
  }
  for (storage::CallAudit& audit : deferred) Write(&audit);
}

void AuditBook::Write(storage::CallAudit* audit) {
  storage::AuditRow& row = audit->row;
  absl::Status written;
  try {
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
