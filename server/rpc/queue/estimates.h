#ifndef SUMSCOPE_SERVER_RPC_QUEUE_ESTIMATES_H_
#define SUMSCOPE_SERVER_RPC_QUEUE_ESTIMATES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/queue.pb.h"

namespace sumscope::rpc {

// How wrong estimates were: what is learnt from ratios of actual over estimated time.
struct EstimateRecord {
  uint32_t count = 0;          // of ratios
  double median = 0;           // 0: of none yet
  double low = 0.5, high = 2;  // eight of ten lay between; assumed while there are fewer than kFewestRatios
};
inline constexpr int kRatiosKept = 200;      // the latest; older ones may be of other rates
inline constexpr size_t kFewestRatios = 10;  // fewer have no quantiles

// Ratios that are not above 0 and finite do not count.
EstimateRecord RecordOf(std::vector<double> ratios);
// Of the last jobs that ended here.
absl::StatusOr<EstimateRecord> ReadRecord(storage::CatalogReader& reader);

// A time that is expected `seconds` after `now`, with the record's range, which always has the time itself in it.
// Nothing where the seconds are no number.
std::optional<v1::Estimate> EstimateAt(absl::Time now, double seconds, const EstimateRecord& record);

// For people: "40 s", "12 min", "3.4 h", "5 days".
std::string AboutDuration(absl::Duration duration);
// "in about 12 min (8 min to 20 min)"
std::string AboutTime(absl::Time now, const v1::Estimate& estimate);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUEUE_ESTIMATES_H_
