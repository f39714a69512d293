#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_AUDIT_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_AUDIT_H_

#include "storage/catalog/audit.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `audit`, inside one transaction of the connection, and confined to its thread.
class SqliteAudit final : public Audit {
 public:
  explicit SqliteAudit(Connection& connection) : connection_(connection) {}

  absl::StatusOr<AuditPage> List(const AuditQuery& query) override;

  absl::Status Append(AuditRow* row) override;
  absl::Status Correct(const AuditRow& row) override;
  absl::Status Prune(absl::Time older_than) override;

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_ACCESS_SQLITE_AUDIT_H_
