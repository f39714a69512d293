#ifndef SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSES_H_
#define SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSES_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/scheduling/admission.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/new_work.h"
#include "server/jobs/state/requests.h"
#include "server/jobs/state/run_locks.h"
#include "storage/catalog/actor.h"
#include "storage/run_file.h"
#include "sumscope/v1/analyses.pb.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::jobs {

struct CreatedAnalysis {
  v1::Analysis analysis;
  bool from_cache = false;
};

// Makes analyses, each question once, and changes them. Requests come in validated and complete; runs and analyses are
// named by their ids; `actor` is who asks, and what the actor may not see is not there: see Runs. Thread-safe.
class Analyses {
 public:
  // Both outlive it.
  Analyses(Context* context, Admission* admission) : context_(context), admission_(admission) {}

  // `analysis` has checkpoint, analysis, request, question_set, key, owner and, of a capture, prediction.disk_bytes. A
  // stored or unfinished analysis with that key is returned instead of a new one; one that waits as Admission::Join
  // says. Imported tags are stored at once, without a job. FAILED_PRECONDITION RUN_DELETED, RUN_HAS_NO_METRICS,
  // PHASES_TOO_LONG; RESOURCE_EXHAUSTED CAPTURE_TOO_LARGE; errors of Runs::Create.
  absl::StatusOr<CreatedAnalysis> Create(const storage::Actor& actor, const Request& request, const std::string& run,
                                         v1::Analysis analysis);
  // The same with all that can be asked. Without a checkpoint it is an order, which waits for the run to succeed, and
  // ends with it otherwise: then also FAILED_PRECONDITION RUN_ENDED of a run that will not, RUN_UNFINISHED of what is
  // stored at once. Two equal orders are one.
  absl::StatusOr<CreatedAnalysis> Create(const storage::Actor& actor, const Request& request, const std::string& run,
                                         NewAnalysis asked);
  // What Create would refuse to make.
  absl::Status Check(const storage::Actor& actor, const std::string& run, const NewAnalysis& asked);
  absl::Status Check(const storage::Viewer& viewer, const std::string& run, const v1::Analysis& analysis);
  // FAILED_PRECONDITION ANALYSIS_ENDED. Like Runs::Cancel.
  absl::StatusOr<v1::Analysis> Cancel(const storage::Actor& actor, const std::string& run, const std::string& analysis);
  // The whole of an analysis under the state that `row` has, the catalog's: as the run's file holds it or, of an order,
  // as it was ordered. NOT_FOUND ANALYSIS_NOT_FOUND; errors of RunFiles::Open.
  absl::StatusOr<v1::Analysis> WithContent(const v1::Analysis& row);
  // Forgets an ended analysis, its facts, its job and its capture. Bytes that cannot be removed from its files now go
  // with the housekeeping. FAILED_PRECONDITION ANALYSIS_UNFINISHED.
  absl::Status Delete(const storage::Actor& actor, const std::string& run, const std::string& analysis);

 private:
  absl::StatusOr<v1::Run> GetRun(const storage::Viewer& viewer, const std::string& run);
  absl::StatusOr<std::optional<CreatedAnalysis>> Find(const storage::Actor& actor, const Request& request,
                                                      const std::string& run, const std::string& key);
  // Of what was found by its key.
  absl::Status Join(const storage::Actor& actor, const std::string& run, v1::Priority priority, CreatedAnalysis* found);
  // A new analysis: with a job that will answer it, once its run has succeeded or at once, and takes the room; or
  // answered already.
  absl::StatusOr<v1::Analysis> Order(const storage::Actor& actor, const Request& request, const std::string& run,
                                     const NewAnalysis& asked, Room* room);
  absl::StatusOr<v1::Analysis> Make(const storage::Actor& actor, const Request& request, const std::string& run,
                                    const NewAnalysis& asked, Room* room);
  absl::Status Queue(const storage::Actor& actor, const Request& request, const std::string& run,
                     const NewAnalysis& asked, Room* room, storage::RunFile* file, v1::Analysis* analysis);
  absl::Status StoreAnswer(const storage::Actor& actor, const Request& request, const std::string& run,
                           storage::RunFile* file, v1::Analysis* analysis);

  Context* const context_;
  Admission* const admission_;
  // Of a run: held from the look for an equal analysis until the new one is in the catalog, and while one is removed.
  RunLocks being_changed_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSES_H_
