// Runs come, start again and are cancelled.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/model_names.h"
#include "proto/contract/resource_names.h"
#include "server/jobs/job_manager_impl.h"
#include "server/jobs/reasons.h"
#include "server/jobs/transitions.h"

namespace sumscope::jobs {
namespace {

// A generated id is taken with a chance of 1 in 3e10 per run: tried again this often.
constexpr int kIdTries = 5;

}  // namespace

absl::Status RunExists(const std::string& run) {
  return MakeError(absl::StatusCode::kAlreadyExists, "RUN_EXISTS",
                   absl::StrCat(RunName(run), " exists already; choose another run_id or leave it out"),
                   {{"run", RunName(run)}});
}

absl::StatusOr<std::unique_ptr<JobManagerImpl::Reservation>> JobManagerImpl::Reservation::Take(JobManagerImpl* manager,
                                                                                               const std::string& run) {
  MutexLock lock(&manager->mutex_);
  if (!manager->reserved_.insert(run).second) return RunExists(run);
  return std::unique_ptr<Reservation>(new Reservation(manager, run));
}

JobManagerImpl::Reservation::~Reservation() {
  MutexLock lock(&manager_->mutex_);
  manager_->reserved_.erase(run_);
}

v1::Run JobManagerImpl::NewRun(const std::string& id, const v1::TrainSpec& spec,
                               const std::map<std::string, std::string>& labels, const std::string& owner) {
  v1::Run run;
  run.set_name(RunName(id));
  run.set_model_name(ModelName(spec));
  *run.mutable_spec() = spec;
  for (const auto& [key, value] : labels) (*run.mutable_labels())[key] = value;
  run.set_owner(owner);
  *run.mutable_create_time() = ToTimestamp(context_.clock->Now());
  return run;
}

storage::Job JobManagerImpl::NewJob(const std::string& run, const std::string& analysis) {
  storage::Job job;
  job.id = context_.ids->NewId('j');
  job.run = run;
  job.analysis = analysis;
  job.reason = dispatcher_.waiting() > 0 ? reasons::kPriority : reasons::kResources;
  job.create_time = context_.clock->Now();
  return job;
}

absl::StatusOr<v1::Run> JobManagerImpl::GetRun(const std::string& run) {
  return ReadCatalog<v1::Run>(context_.catalog, [&](auto& reader) { return reader.GetRun(run); });
}

absl::Status JobManagerImpl::RemoveOrphan(const std::string& run) {
  if (!context_.run_files->Exists(run)) return absl::OkStatus();
  const absl::Status known = GetRun(run).status();
  if (known.ok()) return RunExists(run);
  if (!absl::IsNotFound(known)) return known;
  return context_.run_files->Remove(run);
}

absl::StatusOr<v1::Run> JobManagerImpl::Insert(const Request& request, const v1::Run& run) {
  const std::string id = IdOf(run.name());
  std::optional<storage::Job> queued;
  v1::Run answer;
  SUMSCOPE_RETURN_IF_ERROR(context_.catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, Answered(transaction, request));
    if (answered.has_value()) {
      SUMSCOPE_ASSIGN_OR_RETURN(answer, transaction.GetRun(IdOf(*answered)));
      return absl::OkStatus();
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckAcceptsJobs());
    Target target;
    target.job = NewJob(id, "");
    target.run = run;
    target.run.set_state(v1::QUEUED);
    target.run.set_attempt(target.job.attempt);
    target.run.set_job(JobName(target.job.id));
    target.log_entries = 0;
    SUMSCOPE_RETURN_IF_ERROR(transaction.InsertRun(target.run));
    SUMSCOPE_RETURN_IF_ERROR(transaction.InsertJob(&target.job));
    SUMSCOPE_RETURN_IF_ERROR(
        Change(transaction, context_.clock->Now(), &target, v1::QUEUED, std::string(target.job.reason), ""));
    SUMSCOPE_RETURN_IF_ERROR(Remember(transaction, request, run.name()));
    queued = target.job;
    answer = target.run;
    return absl::OkStatus();
  }));
  if (queued.has_value()) {
    dispatcher_.Enqueue(*std::move(queued));
    context_.hub->Notify(id);
  }
  return answer;
}

absl::StatusOr<v1::Run> JobManagerImpl::CreateRun(const Request& request, const std::string& run_id,
                                                  const v1::TrainSpec& spec,
                                                  const std::map<std::string, std::string>& labels,
                                                  const std::string& owner) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered,
                            ReadCatalog<std::optional<std::string>>(
                                context_.catalog, [&](auto& reader) { return Answered(reader, request); }));
  if (answered.has_value()) return GetRun(IdOf(*answered));
  for (int i = 1;; ++i) {
    const std::string id = run_id.empty() ? context_.ids->NewId('r') : run_id;
    SUMSCOPE_ASSIGN_OR_RETURN(const auto reservation, Reservation::Take(this, id));
    SUMSCOPE_RETURN_IF_ERROR(RemoveOrphan(id));
    absl::StatusOr<v1::Run> run = Insert(request, NewRun(id, spec, labels, owner));
    if (run_id.empty() && ErrorReason(run.status()) == "RUN_EXISTS" && i < kIdTries) continue;
    return run;
  }
}

absl::StatusOr<v1::Run> JobManagerImpl::CancelRun(const std::string& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, GetRun(run));
  if (found.job().empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
                     absl::StrCat(found.name(), " was imported: there is nothing to cancel"));
  }
  SUMSCOPE_RETURN_IF_ERROR(CancelJob(IdOf(found.job()), "RUN_ENDED"));
  return GetRun(run);
}

absl::StatusOr<v1::Run> JobManagerImpl::ResumeRun(const Request& request, const std::string& run) {
  std::optional<storage::Job> queued;
  v1::Run answer;
  SUMSCOPE_RETURN_IF_ERROR(context_.catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, Answered(transaction, request));
    SUMSCOPE_ASSIGN_OR_RETURN(answer, transaction.GetRun(run));
    if (answered.has_value()) return absl::OkStatus();
    const bool ended = answer.state() == v1::FAILED || answer.state() == v1::CANCELLED;
    const bool could_go_on = ended && !answer.imported();
    if (could_go_on && answer.has_delete_time()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_RESUMABLE",
                       absl::StrCat(answer.name(), " is deleted; `sumscope runs undelete ", run,
                                    "` brings it back, then it can be resumed"));
    }
    if (!could_go_on) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_RESUMABLE",
                       absl::StrCat(answer.name(), " is ", v1::State_Name(answer.state()),
                                    "; only a FAILED or CANCELLED training can be resumed",
                                    answer.state() == v1::CANCELLING ? ": wait until it has ended" : ""));
    }
    SUMSCOPE_RETURN_IF_ERROR(CheckAcceptsJobs());
    SUMSCOPE_ASSIGN_OR_RETURN(Target target, LoadTarget(transaction, IdOf(answer.job())));
    target.job.attempt = 1;
    target.run.set_attempt(target.run.attempt() + 1);
    SUMSCOPE_RETURN_IF_ERROR(Change(transaction, context_.clock->Now(), &target, v1::QUEUED, reasons::kResumed, ""));
    SUMSCOPE_RETURN_IF_ERROR(Remember(transaction, request, answer.name()));
    queued = target.job;
    answer = target.run;
    return absl::OkStatus();
  }));
  if (queued.has_value()) {
    dispatcher_.Enqueue(*std::move(queued));
    context_.hub->Notify(run);
  }
  return answer;
}

absl::StatusOr<v1::Run> JobManagerImpl::RetryRun(const Request& request, const std::string& run,
                                                 const std::string& owner) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run old, GetRun(run));
  if (old.imported()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_RETRYABLE",
                     absl::StrCat(old.name(), " was imported: nothing trained it here"));
  }
  std::map<std::string, std::string> labels(old.labels().begin(), old.labels().end());
  labels["retry_of"] = run;
  return CreateRun(request, "", old.spec(), labels, owner);
}

}  // namespace sumscope::jobs
