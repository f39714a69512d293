#ifndef SUMSCOPE_STORAGE_CATALOG_SWEEPS_H_
#define SUMSCOPE_STORAGE_CATALOG_SWEEPS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::storage {

struct SweepPage {
  std::vector<v1::Sweep> sweeps;
  std::string next_page_token;
};

// How a sweep's trainings and the analyses that it ordered stand.
struct SweepTally {
  std::map<v1::State, uint32_t> runs, analyses;
  double progress = 0;  // mean over the trainings of the share of steps that is done
};

// Sweeps as they were made, without what is counted: state, counts, progress, estimate. Names are ids.
class SweepsReader {
 public:
  virtual ~SweepsReader() = default;
  // NOT_FOUND SWEEP_NOT_FOUND; also of what the viewer may not see (Sweep::visibility, owner).
  virtual absl::StatusOr<v1::Sweep> Get(const Viewer& viewer, const std::string& sweep) = 0;
  // At most `limit` ids that start with `prefix`, in order.
  virtual absl::StatusOr<std::vector<std::string>> Find(const Viewer& viewer, const std::string& prefix, int limit) = 0;
  // The sweep of `owner` that was made last, "" when there is none.
  virtual absl::StatusOr<std::string> Latest(const Viewer& viewer, const std::string& owner) = 0;
  // The newest first. INVALID_ARGUMENT PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<SweepPage> List(const Viewer& viewer, uint32_t page_size, const std::string& page_token) = 0;
  // Its members' ids, in the order in which they were made, also deleted ones.
  virtual absl::StatusOr<std::vector<std::string>> Members(const std::string& sweep) = 0;
  // Of the members that the viewer may see and that are not deleted. A count over an index: 1,000 members take
  // milliseconds.
  virtual absl::StatusOr<SweepTally> Tally(const Viewer& viewer, const std::string& sweep) = 0;
};

class Sweeps : public SweepsReader {
 public:
  // ALREADY_EXISTS SWEEP_EXISTS.
  virtual absl::Status Insert(const v1::Sweep& sweep) = 0;
  // Changes state_detail, end_time and the state SWEEP_CANCELLED, which is kept though it can be counted: who cancelled
  // a sweep is told so. NOT_FOUND SWEEP_NOT_FOUND.
  virtual absl::Status Update(const v1::Sweep& sweep) = 0;
  // Forgets the sweep; its runs are no longer of one.
  virtual absl::Status Remove(const std::string& sweep) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_SWEEPS_H_
