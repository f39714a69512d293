#include "storage/sqlite/catalog/queue/sqlite_rates.h"

#include <cstdint>
#include <utility>

#include "proto/contract/limits.h"
#include "storage/sqlite/base/query.h"
#include "storage/sqlite/base/values.h"

namespace sumscope::storage {

absl::StatusOr<std::vector<Rate>> SqliteRates::List() {
  return connection_.Guard([&]() -> absl::StatusOr<std::vector<Rate>> {
    std::vector<Rate> rates;
    Query query(connection_,
                "SELECT device, threads, kind, shape, seconds_per_unit, model_seconds_per_unit, samples, update_time "
                "FROM rates ORDER BY update_time DESC LIMIT ?");
    query.Bind(static_cast<int64_t>(limits::kMaxRates));
    while (query.Next()) {
      Rate rate;
      rate.device = query.Text(0);
      rate.threads = static_cast<uint32_t>(query.Int(1));
      rate.kind = query.Text(2);
      rate.shape = query.Text(3);
      rate.seconds_per_unit = query.Real(4);
      rate.model_seconds_per_unit = query.Real(5);
      rate.samples = static_cast<uint32_t>(query.Int(6));
      rate.update_time = FromNanos(query.Int(7));
      if (query.sound()) rates.push_back(std::move(rate));  // one that names nothing is measured anew
    }
    return rates;
  });
}

absl::Status SqliteRates::Put(const Rate& rate) {
  return connection_.Guard([&] {
    Query(connection_,
          "INSERT OR REPLACE INTO rates (device, threads, kind, shape, seconds_per_unit, model_seconds_per_unit, "
          "samples, update_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .Bind(rate.device, rate.threads, rate.kind, rate.shape, rate.seconds_per_unit, rate.model_seconds_per_unit,
              rate.samples, ToNanos(rate.update_time))
        .Run();
    Query(connection_,
          "DELETE FROM rates WHERE (device, threads, kind, shape) IN (SELECT device, threads, kind, shape FROM rates "
          "ORDER BY update_time DESC LIMIT -1 OFFSET ?)")
        .Bind(static_cast<int64_t>(limits::kMaxRates))
        .Run();
    return absl::OkStatus();
  });
}

}  // namespace sumscope::storage
