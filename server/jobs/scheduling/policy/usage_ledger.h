#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_USAGE_LEDGER_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_USAGE_LEDGER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "storage/catalog/usage.h"

namespace sumscope::jobs {

// What users have had of the devices, each second counted half after a half-life. A clock that steps back decays
// nothing. Thread-compatible.
class UsageLedger {
 public:
  explicit UsageLedger(absl::Duration half_life) : half_life_(half_life) {}

  void Load(const std::vector<storage::UserUsage>& rows);
  // Charges device-seconds that ended at `now`, and returns the user's row to be stored.
  storage::UserUsage Charge(const std::string& user, double device_seconds, absl::Time now);
  double Of(const std::string& user, absl::Time now) const;
  // All users, decayed to `now`, without those below a thousandth of a second.
  std::map<std::string, double> All(absl::Time now) const;

 private:
  double Decayed(const storage::UserUsage& row, absl::Time now) const;

  const absl::Duration half_life_;
  std::map<std::string, storage::UserUsage> rows_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_POLICY_USAGE_LEDGER_H_
