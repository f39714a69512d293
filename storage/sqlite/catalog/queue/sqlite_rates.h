#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_RATES_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_RATES_H_

#include <vector>

#include "storage/catalog/rates.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `rates`, inside one transaction of the connection, and confined to its thread.
class SqliteRates final : public Rates {
 public:
  explicit SqliteRates(Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::vector<Rate>> List() override;
  absl::Status Put(const Rate& rate) override;

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_QUEUE_SQLITE_RATES_H_
