#ifndef SUMSCOPE_SERVER_JOBS_STATE_TRANSITIONS_H_
#define SUMSCOPE_SERVER_JOBS_STATE_TRANSITIONS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/catalog/catalog.h"
#include "storage/run_file.h"

namespace sumscope::jobs {

// Two counters of failures: Job::attempt counts those since the job was created or resumed and is held against
// limits::kMaxAttempts; Run::attempt counts over the run's whole life and is what people see. So a resumed run shows
// "attempt 4" and may again lose its worker as often as a new one.

// A job with what its state is mirrored in: the run of a training, the index row of an analysis.
struct JobWithSubject {
  storage::Job job;
  v1::Run run;
  v1::Analysis analysis;  // of an analysis job only
  // How far the log of the run's file had come when the state changed, if known: see storage::Event.
  std::optional<uint64_t> log_entries;
  bool of_training() const { return job.analysis.empty(); }
};
// For the server's own work, which sees every job: who asks on a user's behalf has found the run or analysis before.
absl::StatusOr<JobWithSubject> LoadJobWithSubject(storage::CatalogReader& reader, const std::string& job);
// For JobWithSubject::log_entries; empty without a file that can be read. Not inside a transaction of the catalog.
std::optional<uint64_t> LogEntriesOf(storage::RunFile* file);

// How a task came to its end.
struct TaskEnd {
  enum class Kind {
    kDone,
    kFailed,           // for good
    kFailedRetryable,  // worth another attempt
    kCancelled,        // by its worker, after we asked
    kReturned,         // given back unfinished, nobody's failure: a drain
    kLost,             // the worker is gone
    kServerDied,       // it was under way when the server ended
    kUserCancelled,    // before it started
  };
  Kind kind;
  std::string reason;
  std::string detail;
};
// What the job becomes. Pure.
struct Outcome {
  v1::State state;
  std::string reason;
  std::string detail;
  bool counts_as_failure = false;  // the next attempt is one higher
};
Outcome Decide(v1::State now, uint32_t attempt, const TaskEnd& end);

// Moves the job to `state` in one transaction with its mirror and an event. A start counts a segment, an end lifts a
// hold. Everything else that the caller changed in `target` (slot, attempts, facts of the run) is stored with it.
absl::Status Change(storage::CatalogTransaction& transaction, absl::Time now, JobWithSubject* target, v1::State state,
                    const std::string& reason, const std::string& detail);

// A new job comes into the catalog, QUEUED for the reason that it has, with its mirror and an event: the row of its
// run, which is new as well, or of its analysis. ALREADY_EXISTS RUN_EXISTS, and then nothing is inserted.
absl::Status InsertQueued(storage::CatalogTransaction& transaction, absl::Time now, JobWithSubject* target);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_STATE_TRANSITIONS_H_
