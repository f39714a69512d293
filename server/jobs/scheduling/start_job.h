#ifndef SUMSCOPE_SERVER_JOBS_SCHEDULING_START_JOB_H_
#define SUMSCOPE_SERVER_JOBS_SCHEDULING_START_JOB_H_

#include <memory>
#include <optional>
#include <string>

#include "server/jobs/intake/ingest.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/tasks/task_builder.h"

namespace sumscope::jobs {

// How a try to start a job ended.
struct StartOutcome {
  enum class Kind {
    kAssigned,      // the slot's worker has `task_id`
    kAbandoned,     // there is nothing to start: it ended, went, or failed for good
    kQueuedAgain,   // `job` waits again
    kRefused,       // storage refuses `job` for now
    kRefusedToAll,  // and would refuse any other
  };
  Kind kind = Kind::kAbandoned;
  std::string task_id;
  std::optional<storage::Job> job;
  bool recorded = false;     // storage took the start, whatever came then
  bool slot_is_idle = true;  // false: the slot will say when it is
};

// Starts queued jobs: the catalog decides, the run file gives what the task needs, the pool takes it. Thread-safe.
class JobStarter {
 public:
  // Both outlive it.
  JobStarter(Context* context, Ingest* ingest) : context_(context), ingest_(ingest) {}

  // `probes`: the job's run was refused; nothing is computed before its file can be written.
  StartOutcome TryStart(const storage::Job& job, const std::string& slot, bool probes) const;

 private:
  absl::StatusOr<Assignment> Prepare(const JobWithSubject& target, bool probes) const;
  absl::StatusOr<JobWithSubject> RecordStart(const std::string& job, const std::string& slot,
                                             std::optional<uint64_t> log_entries) const;
  StartOutcome HandOver(const storage::Job& job, const std::string& slot, Assignment assignment) const;
  // The ways in which it does not come about.
  StartOutcome Return(const storage::Job& job, const std::shared_ptr<storage::RunFile>& file,
                      const absl::Status& status) const;
  StartOutcome Fail(const storage::Job& job, const absl::Status& status) const;
  StartOutcome Abandon(const JobWithSubject& target) const;
  StartOutcome TryLater(const storage::Job& job, const absl::Status& why, StartOutcome::Kind kind) const;

  Context* const context_;
  Ingest* const ingest_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_SCHEDULING_START_JOB_H_
