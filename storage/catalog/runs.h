#ifndef SUMSCOPE_STORAGE_CATALOG_RUNS_H_
#define SUMSCOPE_STORAGE_CATALOG_RUNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

struct RunQuery {
  std::string filter;    // AIP-160, "" for all
  std::string order_by;  // "" = create_time desc: the order in which runs were made, whatever the clock said
  bool show_deleted = false;
  uint32_t page_size = 50;
  std::string page_token;
};
struct RunPage {
  std::vector<v1::Run> runs;
  std::string next_page_token;
};

// Among which runs a prefix is looked for before the others.
enum class RunsFirst { kLiving, kDeleted };

// Runs, without `segments`.
class RunsReader {
 public:
  virtual ~RunsReader() = default;
  // NOT_FOUND RUN_NOT_FOUND. A deleted run is returned, with delete_time.
  virtual absl::StatusOr<v1::Run> Get(const Viewer& viewer, const std::string& run) = 0;
  // At most `limit` ids that start with `prefix`, in order: of runs that `first` names, of the others where there is
  // none of these.
  virtual absl::StatusOr<std::vector<std::string>> Find(const Viewer& viewer, const std::string& prefix,
                                                        RunsFirst first, int limit) = 0;
  // The run of `owner` that was made last, "" when there is none.
  virtual absl::StatusOr<std::string> Latest(const Viewer& viewer, const std::string& owner) = 0;
  // How many runs of the lab, deleted ones too, began with weights of `source`, visible or not: spec.init_from names
  // it. Looks at every run.
  virtual absl::StatusOr<uint64_t> CountLabRunsFrom(const std::string& source) = 0;
  // INVALID_ARGUMENT FILTER_INVALID, ORDER_INVALID, PAGE_TOKEN_INVALID.
  virtual absl::StatusOr<RunPage> List(const Viewer& viewer, const RunQuery& query) = 0;
};

class Runs : public RunsReader {
 public:
  // Ends the removal of a run of that id. ALREADY_EXISTS RUN_EXISTS.
  virtual absl::Status Insert(const v1::Run& run) = 0;
  // NOT_FOUND RUN_NOT_FOUND. Like Insert, it leaves the figures alone that Headlines::Put writes: accuracy to
  // look_back_exact. An unspecified visibility is the run's own, of a run that is inserted LAB.
  virtual absl::Status Update(const v1::Run& run) = 0;
  // Forgets a run and its jobs, analyses, facts and events; its files become a removal.
  virtual absl::Status Remove(const std::string& run) = 0;
  // Says which is the run's last checkpoint. The run shows headlines of that one alone.
  virtual absl::Status PutLastCheckpoint(const std::string& run, uint64_t step) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_RUNS_H_
