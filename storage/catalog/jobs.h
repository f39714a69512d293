#ifndef SUMSCOPE_STORAGE_CATALOG_JOBS_H_
#define SUMSCOPE_STORAGE_CATALOG_JOBS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::storage {

// One unit of queued work: the training of a run, or one analysis of it.
struct Job {
  std::string id;        // j + 7 of base32, without "jobs/"
  std::string run;       // id, without "runs/"
  std::string analysis;  // id; empty for a training
  v1::State state = v1::QUEUED;
  std::string reason;
  std::string detail;
  uint32_t attempt = 1;
  uint32_t segment = 0;
  std::string slot;             // while STARTING, RUNNING or CANCELLING
  uint64_t queue_position = 0;  // FIFO order; set by Jobs::Insert
  absl::Time create_time;
  std::optional<absl::Time> start_time, end_time;
  // What a plan goes by.
  std::string owner;
  v1::Priority priority = v1::NORMAL;
  bool quick = false;                     // for the quick lane
  std::string held_by;                    // the user who holds it; empty: nobody
  std::vector<std::string> dependencies;  // runs that must have succeeded before it starts; taken away as they do
  std::string sweep;                      // id: whose member it trains, or that ordered the analysis
  uint64_t memory_bytes = 0;              // that its task is expected to take; 0: unknown
  double expected_seconds = 0;            // that its work is expected to take, from where it stands; 0: unknown
  // Of the device that it has had, over all its segments, up to charged_until.
  double device_seconds = 0;
  std::optional<absl::Time> charged_until;      // set while it has a slot
  std::optional<absl::Time> expected_end_time;  // as it was estimated when it came into the queue
};

// What an unfinished analysis has counted so far (AnalysisState of link.proto).
struct PartialResult {
  std::string fits;  // of what, and by whose arithmetic
  uint64_t done = 0;
  std::string state;  // bytes
};

// The queue and the jobs that have left it.
class JobsReader {
 public:
  virtual ~JobsReader() = default;
  // NOT_FOUND JOB_NOT_FOUND.
  virtual absl::StatusOr<Job> Get(const Viewer& viewer, const std::string& job) = 0;
  // The run's last training. NOT_FOUND JOB_NOT_FOUND.
  virtual absl::StatusOr<Job> GetTraining(const Viewer& viewer, const std::string& run) = 0;
  // Every job in a non-terminal state, in queue order. STATE_UNSPECIFIED: what its row says is no state. Of another
  // user's private run only a job that waits, without id, run and all but its place: so that places are honest.
  virtual absl::StatusOr<std::vector<Job>> ListUnfinished(const Viewer& viewer) = 0;
  // Ids of the sweep's jobs in a non-terminal state but CANCELLING, in queue order.
  virtual absl::StatusOr<std::vector<std::string>> ListToCancel(const std::string& sweep) = 0;
  // QUEUED jobs that wait for the run, in queue order.
  virtual absl::StatusOr<std::vector<Job>> ListDependents(const std::string& run) = 0;
  // Of the latest `limit` jobs that succeeded and had an estimate: actual over estimated seconds from queueing to the
  // end.
  virtual absl::StatusOr<std::vector<double>> EstimateRatios(int limit) = 0;
  // The analysis of a job that still waits for its run, as it was ordered: it has no checkpoint and its file no record.
  // NOT_FOUND ORDER_NOT_FOUND of one that does not wait so.
  virtual absl::StatusOr<v1::Analysis> GetOrder(const std::string& job) = 0;
  // What the job's analysis had counted when that was last put; nullopt: nothing, or the job has ended.
  virtual absl::StatusOr<std::optional<PartialResult>> GetPartialResult(const std::string& job) = 0;
};

class Jobs : public JobsReader {
 public:
  // Sets job->queue_position. Dependencies are read back in the order of their ids, each once; a user is told of those
  // that they may see.
  virtual absl::Status Insert(Job* job) = 0;
  // A terminal state forgets the partial result. NOT_FOUND JOB_NOT_FOUND; FAILED_PRECONDITION ILLEGAL_TRANSITION when
  // the catalog's LegalTransition says no.
  virtual absl::Status Update(const Job& job) = 0;
  // Keeps what a job's analysis asks until it can be put into the run's file; RemoveOrder then forgets it.
  virtual absl::Status PutOrder(const std::string& job, const v1::Analysis& analysis) = 0;
  virtual absl::Status RemoveOrder(const std::string& job) = 0;
  // Replaces the last one. That of a job that has ended, or is not there, is not kept.
  virtual absl::Status PutPartialResult(const std::string& job, const PartialResult& partial) = 0;
};

}  // namespace sumscope::storage

#endif  // SUMSCOPE_STORAGE_CATALOG_JOBS_H_
