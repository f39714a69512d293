#include "server/jobs/job_manager.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/job_manager_impl.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

// What a drain waits beyond its grace: workers that did not obey are killed then.
constexpr absl::Duration kDrainMargin = absl::Seconds(2);

}  // namespace

std::unique_ptr<JobManager> JobManager::Create(const Options& options, const Parts& parts) {
  return std::make_unique<JobManagerImpl>(options, parts);
}

JobManagerImpl::JobManagerImpl(const Options& options, const Parts& parts)
    : context_(options, parts),
      dispatcher_(&context_, FirstInFirstOut),
      ingest_(&context_, &dispatcher_),
      recovery_(&context_),
      housekeeping_(&context_) {}

JobManagerImpl::~JobManagerImpl() { Drain(absl::ZeroDuration()); }

absl::StatusOr<std::vector<std::string>> JobManagerImpl::Recover() {
  SUMSCOPE_ASSIGN_OR_RETURN(std::vector<std::string> repairs, recovery_.Start());
  for (const std::string& repair : housekeeping_.Start()) repairs.push_back(Bounded(repair));
  return repairs;
}

absl::Status JobManagerImpl::Start() {
  using Jobs = std::vector<storage::Job>;
  SUMSCOPE_ASSIGN_OR_RETURN(Jobs jobs, ReadCatalog<Jobs>(context_.catalog, [](storage::CatalogReader& reader) {
                              return reader.ListUnfinishedJobs();
                            }));
  for (storage::Job& job : jobs) {
    if (job.state == v1::QUEUED && !recovery_.IsLeft(job.id)) dispatcher_.Enqueue(std::move(job));
  }
  if (context_.reserve != nullptr) context_.reserve->Fill();
  dispatcher_.Start(&ingest_);
  housekeeper_ = std::thread([this] {
    while (!context_.interrupt.WaitFor(context_.options.housekeeping_look)) {
      for (storage::Job& job : recovery_.TryAgain()) dispatcher_.Enqueue(std::move(job));
      if (context_.reserve != nullptr) context_.reserve->Fill();
      housekeeping_.Tick();
    }
  });
  return context_.pool->Start(&ingest_);
}

void JobManagerImpl::Drain(absl::Duration grace) {
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
  dispatcher_.Stop();
  context_.pool->Shutdown();
  ingest_.Close();
  context_.hub->Close();
}

absl::StatusOr<std::optional<std::string>> JobManagerImpl::FindReplay(storage::CatalogReader& reader,
                                                                    const Request& request) {
  if (request.id.empty()) return std::optional<std::string>();
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<storage::RequestRecord> record, reader.GetRequest(request.id));
  if (!record.has_value()) return std::optional<std::string>();
  if (record->digest != request.digest) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "request_id was used for another request; use a new UUID for each request",
                     {{"request_id", request.id}});
  }
  return std::optional<std::string>(record->resource);
}

absl::Status JobManagerImpl::RecordRequest(storage::CatalogTransaction& transaction, const Request& request,
                                      const std::string& resource) {
  if (request.id.empty()) return absl::OkStatus();
  storage::RequestRecord record;
  record.request_id = request.id;
  record.digest = request.digest;
  record.resource = resource;
  return transaction.InsertRequest(record);
}

absl::Status JobManagerImpl::CheckAcceptsJobs() {
  if (context_.draining) {
    return WithRetryAfter(MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                                    "the server is shutting down and takes no new work; try again when it is back"),
                          absl::Seconds(5));
  }
  if (dispatcher_.waiting() >= limits::kMaxQueuedJobs) {
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                                    "the queue holds as many jobs as it may; try again when some are done"),
                          absl::Seconds(60));
  }
  return absl::OkStatus();
}

absl::Status JobManagerImpl::CancelJob(const std::string& job, const char* ended_reason) {
  const auto ended_already = [&](const std::string& of_run) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ended_reason,
                     absl::StrCat(of_run, " has ended already: there is nothing to cancel"));
  };
  if (std::optional<storage::Job> waiting = dispatcher_.Claim(job)) {
    EndFacts facts;
    const auto file = OpenIfExists(&context_, waiting->run);
    if (file.ok()) facts.file = *file;
    const auto ended =
        RecordEnd(&context_, /*tries=*/1, job, {TaskEnd::Kind::kUserCancelled, reasons::kCancelRequested, ""}, facts);
    if (ErrorReason(ended.status()) == "ENDED_ALREADY") {
      return ended_already(waiting->run);
    }
    if (!ended.ok()) dispatcher_.Enqueue(*std::move(waiting));
    return ended.status();
  }
  // It has a task, or is about to: the catalog decides, then its worker hears of it.
  std::string run;
  const auto cancel = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(Target target, LoadTarget(transaction, job));
    run = target.job.run;
    if (IsTerminal(target.job.state)) {
      return ended_already(target.of_training() ? run : absl::StrCat(run, "'s analysis ", target.job.analysis));
    }
    if (target.job.state == v1::CANCELLING) return absl::OkStatus();
    const v1::State next = target.job.state == v1::QUEUED ? v1::CANCELLED : v1::CANCELLING;
    return Change(transaction, context_.clock->Now(), &target, next, reasons::kCancelRequested, "");
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(&context_, [&] { return context_.catalog->Write(cancel); }));
  context_.hub->Notify(run);
  dispatcher_.CancelTask(job);
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
