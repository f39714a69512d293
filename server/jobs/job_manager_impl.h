#ifndef SUMSCOPE_SERVER_JOBS_JOB_MANAGER_IMPL_H_
#define SUMSCOPE_SERVER_JOBS_JOB_MANAGER_IMPL_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/intake/ingest.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/keeping/housekeeping.h"
#include "server/jobs/keeping/recovery.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/state/context.h"

namespace sumscope::jobs {

class JobManagerImpl : public JobManager {
 public:
  JobManagerImpl(const Options& options, const Parts& parts);
  // Without a Drain: gives up what is under way, as a dying server would.
  ~JobManagerImpl() override;

  // job_manager.cc
  absl::StatusOr<std::vector<std::string>> Recover() override;
  absl::Status Start() override;
  void Drain(absl::Duration grace) override;
  bool draining() const override { return context_.draining; }
  std::vector<StorageWait> StorageWaits() const override { return context_.storage_waits.List(); }

  // runs/runs.cc
  absl::StatusOr<v1::Run> CreateRun(const Request& request, const std::string& run_id, const v1::TrainSpec& spec,
                                    const std::map<std::string, std::string>& labels,
                                    const std::string& owner) override;
  absl::StatusOr<v1::Run> CancelRun(const std::string& run) override;
  absl::StatusOr<v1::Run> ResumeRun(const Request& request, const std::string& run) override;
  absl::StatusOr<v1::Run> RetryRun(const Request& request, const std::string& run, const std::string& owner) override;

  // runs/run_rows.cc
  absl::StatusOr<v1::Run> DeleteRun(const std::string& run) override;
  absl::StatusOr<v1::Run> UndeleteRun(const std::string& run) override;
  absl::StatusOr<v1::Run> UpdateLabels(const std::string& run, bool replace_all,
                                       const std::map<std::string, std::optional<std::string>>& labels) override;

  // runs/import.cc
  absl::StatusOr<v1::Run> ImportRun(const Request& request, const std::string& run_id, const v1::TrainSpec& spec,
                                    const std::map<std::string, std::string>& labels, const std::string& owner,
                                    const ImportedWeights& weights) override;

  // analyses/analyses.cc
  absl::StatusOr<CreatedAnalysis> CreateAnalysis(const Request& request, const std::string& run,
                                                 v1::Analysis analysis) override;
  absl::Status CheckAnalysis(const std::string& run, const v1::Analysis& analysis) override;
  absl::StatusOr<v1::Analysis> CancelAnalysis(const std::string& run, const std::string& analysis) override;
  absl::Status DeleteAnalysis(const std::string& run, const std::string& analysis) override;
  absl::StatusOr<v1::UploadedQuestionSet> AddQuestionSet(v1::UploadedQuestionSet question_set,
                                                         const std::string& text) override;

 private:
  // Holds a run id while a run of it is being made, so that two makers never share a file.
  class Reservation {
   public:
    // ALREADY_EXISTS RUN_EXISTS when taken.
    static absl::StatusOr<std::unique_ptr<Reservation>> Take(JobManagerImpl* manager, const std::string& run);
    ~Reservation();

   private:
    Reservation(JobManagerImpl* manager, std::string run) : manager_(manager), run_(std::move(run)) {}
    JobManagerImpl* const manager_;
    const std::string run_;
  };

  // The resource that the request made before; empty when it is new. ALREADY_EXISTS REQUEST_ID_REUSED.
  static absl::StatusOr<std::optional<std::string>> FindReplay(storage::CatalogReader& reader, const Request& request);
  static absl::Status RecordRequest(storage::CatalogTransaction& transaction, const Request& request,
                               const std::string& resource);
  // UNAVAILABLE DRAINING, RESOURCE_EXHAUSTED QUEUE_FULL.
  absl::Status CheckAcceptsJobs();
  v1::Run NewRun(const std::string& id, const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                 const std::string& owner);
  storage::Job NewJob(const std::string& run, const std::string& analysis);
  absl::StatusOr<v1::Run> Insert(const Request& request, const v1::Run& run);
  // Removes a file that a crash left under an id that the catalog does not know.
  absl::Status RemoveOrphan(const std::string& run);
  absl::Status StoreWeights(const ImportedWeights& weights, storage::RunFile* file);

  // Ends the job whatever its state. FAILED_PRECONDITION `ended_reason` when it has ended.
  absl::Status CancelJob(const std::string& job, const char* ended_reason);
  absl::StatusOr<v1::Run> GetRun(const std::string& run);
  absl::StatusOr<v1::Run> ChangeRun(const std::string& run, const std::function<absl::Status(v1::Run*)>& change);
  absl::StatusOr<std::optional<CreatedAnalysis>> FindAnalysis(const Request& request, const std::string& run,
                                                              const std::string& key);
  absl::StatusOr<v1::Analysis> WithContent(const std::string& run, v1::Analysis analysis);
  // A new analysis: with a job that will answer it, or answered already.
  absl::Status QueueAnalysis(const Request& request, const std::string& run, storage::RunFile* file,
                             v1::Analysis* analysis);
  absl::Status StoreAnswer(const Request& request, const std::string& run, storage::RunFile* file,
                           v1::Analysis* analysis);

  Context context_;
  Dispatcher dispatcher_;
  Ingest ingest_;
  Recovery recovery_;
  Housekeeping housekeeping_;
  std::thread housekeeper_;

  Mutex mutex_;
  std::set<std::string> reserved_ ABSL_GUARDED_BY(mutex_);
  bool down_ ABSL_GUARDED_BY(mutex_) = false;
  // Of a run: held from the look for an equal analysis until the new one is in the catalog, and while one is removed.
  RunLocks analyses_;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_JOB_MANAGER_IMPL_H_
