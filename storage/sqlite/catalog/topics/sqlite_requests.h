#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_REQUESTS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_REQUESTS_H_

#include <optional>
#include <string>

#include "proto/contract/base/clock.h"
#include "storage/catalog/requests.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The table `requests`, inside one transaction of the connection, and confined to its thread.
class SqliteRequests final : public Requests {
 public:
  SqliteRequests(Connection& connection, Clock* clock) : connection_(connection), clock_(clock) {}

  absl::StatusOr<std::optional<RequestRecord>> Find(const std::string& request_id) override;

  absl::Status Insert(const RequestRecord& record) override;
  absl::Status Prune(absl::Time older_than) override;

 private:
  Connection& connection_;
  Clock* const clock_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_REQUESTS_H_
