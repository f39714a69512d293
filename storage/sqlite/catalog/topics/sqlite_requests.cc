#include "storage/sqlite/catalog/topics/sqlite_requests.h"

#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {

absl::StatusOr<std::optional<RequestRecord>> SqliteRequests::Find(const std::string& request_id) {
  return connection_.Guard([&]() -> absl::StatusOr<std::optional<RequestRecord>> {
    Query query(connection_, "SELECT request_id, digest, resource, user FROM requests WHERE request_id = ?");
    query.Bind(request_id);
    if (!query.Next()) return std::optional<RequestRecord>();
    return std::make_optional(RequestRecord{query.Text(0), query.Text(1), query.Text(2), query.Text(3)});
  });
}

absl::Status SqliteRequests::Insert(const RequestRecord& record) {
  return connection_.Guard([&] {
    Query(connection_, "INSERT INTO requests (request_id, digest, resource, user, create_time) VALUES (?, ?, ?, ?, ?)")
        .Bind(record.request_id, record.digest, record.resource, record.user, ToNanos(clock_->Now()))
        .Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteRequests::Prune(absl::Time older_than) {
  return connection_.Guard([&] {
    Query(connection_, "DELETE FROM requests WHERE create_time < ?").Bind(ToNanos(older_than)).Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
