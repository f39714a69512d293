#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_AUDIT_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_AUDIT_H_

#include "proto/contract/text/token_seal.h"
#include "storage/catalog/audit.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `audit`, inside one transaction of the connection, and confined to its thread.
class SqliteAudit final : public Audit {
 public:
  // `seal`: of page tokens; it outlives this.
  SqliteAudit(Connection& connection, const TokenSeal& seal) : connection_(connection), seal_(seal) {}

  absl::StatusOr<AuditPage> List(const AuditQuery& query) override;

  absl::Status Append(AuditRow* row) override;
  absl::Status Correct(const AuditRow& row) override;
  absl::Status Prune(absl::Time older_than) override;

 private:
  Connection& connection_;
  const TokenSeal& seal_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_AUDIT_H_
