#ifndef SUMSCOPE_SERVER_JOBS_RUNS_RUNS_H_
#define SUMSCOPE_SERVER_JOBS_RUNS_RUNS_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/base/mutex.h"
#include "server/jobs/scheduling/admission.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/new_work.h"
#include "server/jobs/state/requests.h"
#include "storage/catalog/actor.h"
#include "storage/run_file.h"
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

// What of a run is changed.
struct RunChanges {
  bool replace_labels = false;                               // all that it has go first
  std::map<std::string, std::optional<std::string>> labels;  // set, or removed where empty
  std::optional<v1::Visibility> visibility;
};

// ALREADY_EXISTS RUN_EXISTS, of an id that a caller chose.
absl::Status RunExists(const std::string& run);

// Makes runs and changes them. Specs come in validated and complete; `actor` is who asks, and the owner of what is
// made, with the audit of the call, which each change takes into its transaction; a run is named by its id, and what
// the actor may not see is not there. Whether they may change what they see, the caller has checked. Thread-safe.
class Runs {
 public:
  // Both outlive it.
  Runs(Context* context, Admission* admission) : context_(context), admission_(admission) {}

  // ALREADY_EXISTS RUN_EXISTS; FAILED_PRECONDITION SOURCE_IS_PRIVATE; RESOURCE_EXHAUSTED QUEUE_FULL; UNAVAILABLE
  // DRAINING.
  absl::StatusOr<v1::Run> Create(const storage::Actor& actor, const Request& request,
                                 const std::string& run_id /* "" = choose */, const v1::TrainSpec& spec,
                                 const std::map<std::string, std::string>& labels, v1::Visibility visibility = v1::LAB);
  // The same with all that can be asked; it waits for `after` by DEPENDENCY, unless they have succeeded already. Also
  // PERMISSION_DENIED or RESOURCE_EXHAUSTED HIGH_PRIORITY_LIMIT; RESOURCE_EXHAUSTED WAITING_LIMIT; of `after`:
  // NOT_FOUND RUN_NOT_FOUND, FAILED_PRECONDITION DEPENDENCY_ENDED, RUN_DELETED, INVALID_ARGUMENT DEPENDENCY_ON_ITSELF.
  absl::StatusOr<v1::Run> Create(const storage::Actor& actor, const Request& request, const NewRun& run);
  // What Create would refuse to make.
  absl::Status Check(const storage::Actor& actor, const NewRun& run);
  absl::StatusOr<v1::Run> Import(const storage::Actor& actor, const Request& request, const std::string& run_id,
                                 const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                                 const ImportedWeights& weights, v1::Visibility visibility = v1::LAB);
  // FAILED_PRECONDITION RUN_ENDED. A queued run is CANCELLED at once. Never waits for the worker.
  absl::StatusOr<v1::Run> Cancel(const storage::Actor& actor, const std::string& run);
  // FAILED_PRECONDITION RUN_NOT_RESUMABLE unless FAILED or CANCELLED (and not imported, not deleted). The run's attempt
  // counts on; it may fail limits::kMaxAttempts times anew. It keeps its place in the queue, and its sweep has ended no
  // more. One that waited for runs waits for those that have not succeeded yet; FAILED_PRECONDITION DEPENDENCY_ENDED
  // where one will not.
  absl::StatusOr<v1::Run> Resume(const storage::Actor& actor, const Request& request, const std::string& run);
  // A new run of the same spec, labels and visibility, which waits for no other. Whether the actor may see the source
  // of its weights, the caller has checked.
  absl::StatusOr<v1::Run> Retry(const storage::Actor& actor, const Request& request, const std::string& run,
                                const Needs& needs = {});

  // run_rows.cc: changes of the row that touch no job.
  // FAILED_PRECONDITION RUN_UNFINISHED.
  absl::StatusOr<v1::Run> Delete(const storage::Actor& actor, const std::string& run);
  // FAILED_PRECONDITION RUN_NOT_DELETED.
  absl::StatusOr<v1::Run> Undelete(const storage::Actor& actor, const std::string& run);
  // FAILED_PRECONDITION SOURCE_IS_PRIVATE, SOURCE_OF_LAB_RUNS.
  absl::StatusOr<v1::Run> Update(const storage::Actor& actor, const std::string& run, const RunChanges& changes);

 private:
  // Holds a run id while a run of it is being made, so that two makers never share a file.
  class Reservation {
   public:
    // ALREADY_EXISTS RUN_EXISTS when taken.
    static absl::StatusOr<std::unique_ptr<Reservation>> Take(Runs* runs, const std::string& run);
    ~Reservation();

   private:
    Reservation(Runs* runs, std::string run) : runs_(runs), run_(std::move(run)) {}
    Runs* const runs_;
    const std::string run_;
  };

  absl::StatusOr<v1::Run> Get(const storage::Viewer& viewer, const std::string& run);
  absl::StatusOr<v1::Run> Insert(const storage::Actor& actor, const Request& request, const NewRun& asked,
                                 const std::string& id);
  // The job, for which there is room, is QUEUED in the catalog.
  void Enqueue(const storage::Job& job, Room room);
  // Removes a file that a crash left under an id that the catalog does not know.
  absl::Status RemoveOrphan(const std::string& run);
  absl::Status StoreWeights(const ImportedWeights& weights, storage::RunFile* file);
  absl::StatusOr<v1::Run> ChangeRow(const storage::Actor& actor, const std::string& run,
                                    const std::function<absl::Status(storage::CatalogReader&, v1::Run*)>& change);

  Context* const context_;
  Admission* const admission_;
  Mutex mutex_;
  std::set<std::string> reserved_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_RUNS_RUNS_H_
