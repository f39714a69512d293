#include "server/jobs/scheduling/policy/usage_ledger.h"

#include <algorithm>
#include <cmath>

namespace sumscope::jobs {
namespace {

constexpr double kForgotten = 1e-3;  // device-seconds

}  // namespace

double UsageLedger::Decayed(const storage::UserUsage& row, absl::Time now) const {
  const absl::Duration passed = std::max(now - row.time, absl::ZeroDuration());
  return row.device_seconds * std::exp2(-absl::FDivDuration(passed, half_life_));
}

void UsageLedger::Load(const std::vector<storage::UserUsage>& rows) {
  for (const storage::UserUsage& row : rows) rows_[row.user] = row;
}

storage::UserUsage UsageLedger::Charge(const std::string& user, double device_seconds, absl::Time now) {
  const auto [row, is_new] = rows_.try_emplace(user, storage::UserUsage{user, 0, now});
  row->second.device_seconds = Decayed(row->second, now) + std::max(device_seconds, 0.0);
  row->second.time = now;
  return row->second;
}

double UsageLedger::Of(const std::string& user, absl::Time now) const {
  const auto row = rows_.find(user);
  return row == rows_.end() ? 0 : Decayed(row->second, now);
}

std::map<std::string, double> UsageLedger::All(absl::Time now) const {
  std::map<std::string, double> all;
  for (const auto& [user, row] : rows_) {
    const double had = Decayed(row, now);
    if (had >= kForgotten) all[user] = had;
  }
  return all;
}

}  // namespace sumscope::jobs
