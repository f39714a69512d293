#ifndef SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_EVENTS_H_
#define SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_EVENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/catalog/events.h"
#include "storage/sqlite/base/connection.h"

namespace sumscope::storage {

// The tables `events` and `event_log`, inside one transaction of the connection, and confined to its thread.
class SqliteEvents final : public Events {
 public:
  explicit SqliteEvents(Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::vector<Event>> List(const Viewer& viewer, const std::string& run, uint64_t after_sequence,
                                          int limit) override;

  absl::Status Append(Event* event) override;
  absl::Status Prune(absl::Time older_than) override;

 private:
  Connection& connection_;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_SQLITE_CATALOG_TOPICS_SQLITE_EVENTS_H_
