#include "server/rpc/queue/estimates.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::rpc {
namespace {

constexpr double kLongestSeconds = 10.0 * 365 * 24 * 3600;  // nobody plans for longer, and times stay in range

// Of sorted values, between its neighbours in proportion.
double Quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

absl::Time After(absl::Time now, double seconds) {
  return now + absl::Seconds(std::clamp(seconds, 0.0, kLongestSeconds));
}

}  // namespace

EstimateRecord RecordOf(std::vector<double> ratios) {
  ratios.erase(std::remove_if(ratios.begin(), ratios.end(), [](double r) { return !(r > 0) || !std::isfinite(r); }),
               ratios.end());
  EstimateRecord record;
  record.count = static_cast<uint32_t>(ratios.size());
  if (ratios.empty()) return record;
  std::sort(ratios.begin(), ratios.end());
  record.median = Quantile(ratios, 0.5);
  if (ratios.size() < kFewestRatios) return record;
  record.low = Quantile(ratios, 0.1);
  record.high = Quantile(ratios, 0.9);
  return record;
}

absl::StatusOr<EstimateRecord> ReadRecord(storage::CatalogReader& reader) {
  SUMSCOPE_ASSIGN_OR_RETURN(std::vector<double> ratios, reader.jobs().EstimateRatios(kRatiosKept));
  return RecordOf(std::move(ratios));
}

std::optional<v1::Estimate> EstimateAt(absl::Time now, double seconds, const EstimateRecord& record) {
  if (!std::isfinite(seconds)) return std::nullopt;
  v1::Estimate estimate;
  *estimate.mutable_time() = ToTimestamp(After(now, seconds));
  *estimate.mutable_earliest() = ToTimestamp(After(now, seconds * std::min(record.low, 1.0)));
  *estimate.mutable_latest() = ToTimestamp(After(now, seconds * std::max(record.high, 1.0)));
  return estimate;
}

std::string AboutDuration(absl::Duration duration) {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(duration));
  if (seconds < 90) return absl::StrFormat("%.0f s", std::ceil(seconds));
  if (seconds < 90 * 60) return absl::StrFormat("%.0f min", seconds / 60);
  if (seconds < 10 * 3600) return absl::StrFormat("%.1f h", seconds / 3600);
  if (seconds < 48 * 3600) return absl::StrFormat("%.0f h", seconds / 3600);
  return absl::StrFormat("%.0f days", seconds / (24 * 3600));
}

std::string AboutTime(absl::Time now, const v1::Estimate& estimate) {
  const auto from_now = [&](const google::protobuf::Timestamp& time) { return AboutDuration(ToTime(time) - now); };
  return absl::StrCat("in about ", from_now(estimate.time()), " (", from_now(estimate.earliest()), " to ",
                      from_now(estimate.latest()), ")");
}

}  // namespace sumscope::rpc
