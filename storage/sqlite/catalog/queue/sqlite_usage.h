#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_USAGE_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_USAGE_H_

#include <vector>

#include "storage/catalog/usage.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `usage`, inside one transaction of the connection, and confined to its thread.
class SqliteUsage final : public Usages {
 public:
  explicit SqliteUsage(Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::vector<UserUsage>> List() override;
  absl::Status Put(const UserUsage& usage) override;

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_USAGE_H_
