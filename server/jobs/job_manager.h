#ifndef SUMSCOPE_SERVER_JOBS_JOB_MANAGER_H_
#define SUMSCOPE_SERVER_JOBS_JOB_MANAGER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/state/parts.h"
#include "server/jobs/state/storage_waits.h"
#include "storage/run_file.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

// Weights that came in by import: their list and a reader of the concatenated bytes.
struct ImportedWeights {
  std::vector<storage::StoredTensor> tensors;
  uint64_t data_bytes = 0;
  std::function<absl::StatusOr<std::string>(uint64_t offset, uint64_t length)> read;
  std::string file_name;           // for listings
  std::vector<std::string> notes;  // what of the file was read otherwise than it is written
};

// ALREADY_EXISTS RUN_EXISTS, of an id that a caller chose.
absl::Status RunExists(const std::string& run);

// Runs, analyses and their jobs: creates, queues, gives work to workers, takes in what they send, cancels, recovers.
// The only writer of storage. Specs and requests come in validated and complete. `owner` is who asks. Thread-safe.
class JobManager {
 public:
  using Options = JobsOptions;
  using Parts = JobsParts;
  static std::unique_ptr<JobManager> Create(const Options& options, const Parts& parts);
  virtual ~JobManager() = default;

  // Puts jobs that were under way back into the queue, drops half-written tensor sets, finishes files of ended runs,
  // forgets what is too old and removes what deletions left. Opens only files of runs with unfinished work. Returns
  // what it repaired, for people. Call once, before Start.
  virtual absl::StatusOr<std::vector<std::string>> Recover() = 0;
  // Starts the worker pool, the scheduler and the daily housekeeping.
  virtual absl::Status Start() = 0;
  // Stops giving work, asks running tasks to save their state, commits what came in, shuts the pool down.
  virtual void Drain(absl::Duration grace) = 0;
  // From the beginning of Drain on.
  virtual bool draining() const = 0;
  // Running jobs that wait for storage now.
  virtual std::vector<StorageWait> StorageWaits() const = 0;

  // Each is one transaction with its request record. The same request_id and digest return the same resource; another
  // digest is ALREADY_EXISTS REQUEST_ID_REUSED. An empty request_id is not recorded.
  struct Request {
    std::string id, digest;
  };
  // ALREADY_EXISTS RUN_EXISTS; RESOURCE_EXHAUSTED QUEUE_FULL; UNAVAILABLE DRAINING.
  virtual absl::StatusOr<v1::Run> CreateRun(const Request& request, const std::string& run_id /* "" = choose */,
                                            const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                                            const std::string& owner) = 0;
  virtual absl::StatusOr<v1::Run> ImportRun(const Request& request, const std::string& run_id,
                                            const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                                            const std::string& owner, const ImportedWeights& weights) = 0;
  // FAILED_PRECONDITION RUN_ENDED. A queued run is CANCELLED at once. Never waits for the worker.
  virtual absl::StatusOr<v1::Run> CancelRun(const std::string& run) = 0;
  // FAILED_PRECONDITION RUN_NOT_RESUMABLE unless FAILED or CANCELLED (and not imported, not deleted). The run's attempt
  // counts on; it may fail limits::kMaxAttempts times anew. It keeps its place in the queue.
  virtual absl::StatusOr<v1::Run> ResumeRun(const Request& request, const std::string& run) = 0;
  virtual absl::StatusOr<v1::Run> RetryRun(const Request& request, const std::string& run,
                                           const std::string& owner) = 0;
  // FAILED_PRECONDITION RUN_UNFINISHED.
  virtual absl::StatusOr<v1::Run> DeleteRun(const std::string& run) = 0;
  // FAILED_PRECONDITION RUN_NOT_DELETED.
  virtual absl::StatusOr<v1::Run> UndeleteRun(const std::string& run) = 0;
  // Replaces or removes (empty optional) labels.
  virtual absl::StatusOr<v1::Run> UpdateLabels(const std::string& run, bool replace_all,
                                               const std::map<std::string, std::optional<std::string>>& labels) = 0;

  struct CreatedAnalysis {
    v1::Analysis analysis;
    bool from_cache = false;
  };
  // `analysis` has checkpoint, analysis, request, question_set, key, owner and, of a capture, prediction.disk_bytes. A
  // stored or unfinished analysis with that key is returned instead of a new one. Imported tags are stored at once,
  // without a job. FAILED_PRECONDITION RUN_DELETED, RUN_HAS_NO_METRICS, PHASES_TOO_LONG; RESOURCE_EXHAUSTED
  // CAPTURE_TOO_LARGE.
  virtual absl::StatusOr<CreatedAnalysis> CreateAnalysis(const Request& request, const std::string& run,
                                                         v1::Analysis analysis) = 0;
  // What CreateAnalysis would refuse to make.
  virtual absl::Status CheckAnalysis(const std::string& run, const v1::Analysis& analysis) = 0;
  // FAILED_PRECONDITION ANALYSIS_ENDED. Like CancelRun.
  virtual absl::StatusOr<v1::Analysis> CancelAnalysis(const std::string& run, const std::string& analysis) = 0;
  // Forgets an ended analysis, its facts, its job and its capture. Bytes that cannot be removed from its files now go
  // with the housekeeping. FAILED_PRECONDITION ANALYSIS_UNFINISHED.
  virtual absl::Status DeleteAnalysis(const std::string& run, const std::string& analysis) = 0;

  // Stores the text of an uploaded question set, then what it holds; the same one again only starts its grace anew.
  // Returns it as it is stored, with name and create_time.
  virtual absl::StatusOr<v1::UploadedQuestionSet> AddQuestionSet(v1::UploadedQuestionSet question_set,
                                                                 const std::string& text) = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_JOB_MANAGER_H_
