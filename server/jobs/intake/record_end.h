#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_RECORD_END_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_RECORD_END_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/jobs/state/context.h"
#include "server/jobs/state/transitions.h"
#include "server/jobs/tasks/run_facts.h"

namespace sumscope::jobs {

// What is known at a task's end beside how it ended.
struct EndFacts {
  std::shared_ptr<storage::RunFile> file;  // null: none yet, or it cannot be opened. Shared with readers.
  std::optional<RunFacts> run;             // of a training
  v1::Analysis analysis;                   // of an analysis: result and provenance, when it gave them
  // Which file they are of: a success needs that one (CheckSameFile).
  std::optional<uint64_t> incarnation;
  // A success that the file refuses for now (StoragePatience::Passes) is left unrecorded, with that error at once, to
  // be recorded later.
  bool keep_success = false;
};

// Records how a task, or a job without one, ended: a terminal state into the run file, sealed, then into the catalog;
// otherwise the job goes back to QUEUED. When the file cannot take it, a success becomes FAILED and any other end is
// kept in the catalog alone. The catalog is tried `tries` times (Retry). Returns the job as recorded. NOT_FOUND when it
// is gone; FAILED_PRECONDITION ENDED_ALREADY. `actor` is who ended it.
absl::StatusOr<storage::Job> RecordEnd(Context* context, int tries, const std::string& job, const TaskEnd& end,
                                       const EndFacts& facts, const storage::Actor& actor = storage::Actor::Server());

// Brings the file in line with a job that the catalog says has ended without it.
absl::Status FollowCatalog(Context* context, const JobWithSubject& target, storage::RunFile* file);

// Seals the file of an ended run, whose content is durable already. A file that another program has open, such as the
// sqlite3 shell, stays as it is: the next change of the run, or the housekeeping, seals it.
absl::Status SealUnlessBusy(Context* context, const std::string& run, storage::RunFile* file);

// Reads, changes and writes the description of the run in its file; `change` gets the file's one and the catalog's.
// `also` is written in the same transaction.
absl::Status ChangeDescription(Context* context, const std::string& run, storage::RunFile* file,
                               const std::function<void(const v1::Run& catalog, v1::Run* description)>& change,
                               const std::function<absl::Status(storage::RunFileTransaction&)>& also = nullptr);

// FAILED_PRECONDITION RUN_FILE_REPLACED when another file than this one (RunFile::Incarnation) has been found in its
// place.
absl::Status CheckSameFile(storage::RunFile* file, uint64_t incarnation);

// Opens the run's file when there is one, also one of which nobody can tell; null otherwise.
absl::StatusOr<std::shared_ptr<storage::RunFile>> OpenIfExists(Context* context, const std::string& run);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_RECORD_END_H_
