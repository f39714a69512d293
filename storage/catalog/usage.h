#ifndef SUMSCOPE_STORAGE_CATALOG_USAGE_H_
#define SUMSCOPE_STORAGE_CATALOG_USAGE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sumscope::storage {

// What a user has had of the devices, decayed to `time`.
struct UserUsage {
  std::string user;
  double device_seconds = 0;
  absl::Time time;
};

// The usage of all users. It takes no viewer: shares are the lab's.
class UsageReader {
 public:
  virtual ~UsageReader() = default;
  virtual absl::StatusOr<std::vector<UserUsage>> List() = 0;
};

class Usages : public UsageReader {
 public:
  // Inserts or replaces the row of that user. With Job::device_seconds and Job::charged_until in one transaction
  // nothing is charged twice.
  virtual absl::Status Put(const UserUsage& usage) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_USAGE_H_
