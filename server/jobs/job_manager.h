#ifndef SUMSCOPE_SERVER_JOBS_JOB_MANAGER_H_
#define SUMSCOPE_SERVER_JOBS_JOB_MANAGER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/jobs/state/parts.h"
#include "server/jobs/state/waits/storage_waits.h"

namespace sumscope::jobs {

class Analyses;
class Predictor;
class QuestionSets;
class Queue;
class Runs;
class Sweeps;

// Puts the parts of this folder together, and brings them up and down: what callers ask for (runs, analyses,
// questions), the queue, the intake of what workers send, the keeping of what is stored. The only writer of storage.
// Thread-safe.
class JobManager {
 public:
  static std::unique_ptr<JobManager> Create(const JobsOptions& options, const JobsParts& parts);
  // Without a Drain: gives up what is under way, as a dying server would.
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
  // What its parts do now, as one line of bounded length, for logs and debuggers: ids, counts and states. Never waits
  // for storage or workers.
  virtual std::string DebugString() = 0;

  // They live as long as the manager.
  virtual Runs& runs() = 0;
  virtual Analyses& analyses() = 0;
  virtual QuestionSets& question_sets() = 0;
  virtual Predictor& predictor() = 0;
  virtual Queue& queue() = 0;
  virtual Sweeps& sweeps() = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_JOB_MANAGER_H_
