#include "storage/sqlite/catalog/queue/sqlite_usage.h"

#include <utility>

#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {

absl::StatusOr<std::vector<UserUsage>> SqliteUsage::List() {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<UserUsage>> {
    std::vector<UserUsage> usages;
    Query query(connection_, "SELECT user, device_seconds, time FROM usage ORDER BY user");
    while (query.Next()) {
      UserUsage usage{query.Text(0), query.Real(1), FromNanos(query.Int(2))};
      if (query.sound()) usages.push_back(std::move(usage));  // a name that is no text is nobody's
    }
    return usages;
  });
}

absl::Status SqliteUsage::Put(const UserUsage& usage) {
  return connection_.Guard([&] {
    Query(connection_, "INSERT OR REPLACE INTO usage (user, device_seconds, time) VALUES (?, ?, ?)")
        .Bind(usage.user, usage.device_seconds, ToNanos(usage.time))
        .Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
