#include "server/jobs/job_manager.h"

#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/mutex.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/first_few.h"
#include "server/jobs/analyses/analyses.h"
#include "server/jobs/following/dependents.h"
#include "server/jobs/following/follower.h"
#include "server/jobs/intake/ingest.h"
#include "server/jobs/keeping/housekeeping.h"
#include "server/jobs/keeping/recovery.h"
#include "server/jobs/questions/question_sets.h"
#include "server/jobs/runs/runs.h"
#include "server/jobs/scheduling/admission.h"
#include "server/jobs/scheduling/dispatcher.h"
#include "server/jobs/scheduling/estimates.h"
#include "server/jobs/scheduling/live_queue.h"
#include "server/jobs/state/context.h"
#include "server/jobs/sweeps/sweep_keeper.h"

namespace sumscope::jobs {
namespace {

// What a drain waits beyond its grace: workers that did not obey are killed then.
constexpr absl::Duration kDrainMargin = absl::Seconds(2);

class RealJobManager final : public JobManager {
 public:
  RealJobManager(const JobsOptions& options, const JobsParts& parts) : context_(options, parts) {}
  ~RealJobManager() override { Drain(absl::ZeroDuration()); }

  absl::StatusOr<std::vector<std::string>> Recover() override;
  absl::Status Start() override;
  void Drain(absl::Duration grace) override;
  bool draining() const override { return context_.draining; }
  std::vector<StorageWait> StorageWaits() const override { return context_.storage_waits.List(); }
  std::string DebugString() override;
  Runs& runs() override { return runs_; }
  Analyses& analyses() override { return analyses_; }
  QuestionSets& question_sets() override { return question_sets_; }
  Predictor& predictor() override { return context_.predictor; }
  Queue& queue() override { return queue_; }
  Sweeps& sweeps() override { return sweeps_; }

 private:
  Context context_;
  Dispatcher dispatcher_{&context_};
  Ingest ingest_{&context_, &dispatcher_};
  Recovery recovery_{&context_};
  Housekeeping housekeeping_{&context_};
  Admission admission_{&context_, &dispatcher_};
  LiveQueue queue_{&context_, &dispatcher_, &admission_};
  Estimates estimates_{&context_, &queue_};
  Runs runs_{&context_, &admission_};
  Analyses analyses_{&context_, &admission_};
  QuestionSets question_sets_{&context_};
  SweepKeeper sweeps_{&context_, &admission_};
  Dependents dependents_{&context_, &admission_};
  Follower follower_{&context_, &dependents_, &sweeps_};
  std::thread housekeeper_;
  Mutex mutex_;
  bool down_ ABSL_GUARDED_BY(mutex_) = false;
};

absl::StatusOr<std::vector<std::string>> RealJobManager::Recover() {
  SUMSCOPE_ASSIGN_OR_RETURN(std::vector<std::string> repairs, recovery_.Start());
  for (const std::string& repair : housekeeping_.Start()) repairs.push_back(Bounded(repair));
  if (const absl::Status rates = context_.predictor.Load(); !rates.ok()) {
    repairs.push_back(Bounded(absl::StrCat("the rates of finished work cannot be read: ", rates.message())));
  }
  return repairs;
}

absl::Status RealJobManager::Start() {
  using Jobs = std::vector<storage::Job>;
  SUMSCOPE_ASSIGN_OR_RETURN(Jobs jobs, ReadCatalog<Jobs>(context_.catalog, [](storage::CatalogReader& reader) {
                              return reader.jobs().ListUnfinished(storage::Viewer::Server());
                            }));
  follower_.Prepare(jobs);
  SUMSCOPE_RETURN_IF_ERROR(context_.metering.Load());
  SUMSCOPE_RETURN_IF_ERROR(dispatcher_.users().Refresh());
  Jobs waiting;
  for (storage::Job& job : jobs) {
    if (job.state == v1::QUEUED && !recovery_.IsLeft(job.id)) waiting.push_back(std::move(job));
  }
  dispatcher_.Enqueue(std::move(waiting));
  follower_.Start();
  if (context_.reserve != nullptr) context_.reserve->Fill();
  dispatcher_.Start(&ingest_, [this](const std::set<std::string>& jobs) { estimates_.Keep(jobs); });
  housekeeper_ = std::thread([this] {
    while (!context_.interrupt.WaitFor(context_.options.housekeeping_look)) {
      for (storage::Job& job : recovery_.TryAgain()) dispatcher_.Enqueue(std::move(job));
      if (context_.reserve != nullptr) context_.reserve->Fill();
      housekeeping_.Tick();
    }
  });
  return context_.pool->Start(&ingest_);
}

void RealJobManager::Drain(absl::Duration grace) {
  {
    MutexLock lock(&mutex_);
    if (down_) return;
    down_ = true;
  }
  context_.draining = true;
  if (grace > absl::ZeroDuration()) {
    dispatcher_.BeginDrain(grace);
    dispatcher_.WaitUntilIdle(grace + limits::kTerminateGrace + kDrainMargin);
  }
  // From here on, what cannot be stored at once is left to the next start's recovery.
  context_.interrupt.Set();
  if (housekeeper_.joinable()) housekeeper_.join();
  follower_.Stop();
  dispatcher_.Stop();
  context_.pool->Shutdown();
  ingest_.Close();
  context_.hub->Close();
}

std::string RealJobManager::DebugString() {
  std::vector<std::string> waits;
  for (const StorageWait& wait : StorageWaits()) {
    waits.push_back(absl::StrCat(AnalysisOrRunName(wait.run, wait.analysis), " (", wait.reason, ")"));
  }
  return absl::StrCat(dispatcher_.DebugString(), "; ", ingest_.DebugString(), "; ", context_.descriptions.DebugString(),
                      "; storage waited for by ", FirstFew(waits), "; ", context_.hub->DebugString(), "; ",
                      context_.run_files->DebugString());
}

}  // namespace

std::unique_ptr<JobManager> JobManager::Create(const JobsOptions& options, const JobsParts& parts) {
  return std::make_unique<RealJobManager>(options, parts);
}

}  // namespace sumscope::jobs
