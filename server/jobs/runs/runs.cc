// Runs come, start again and are cancelled.
#include "server/jobs/runs/runs.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/model_names.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/runs/sources.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/transitions.h"

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

absl::StatusOr<std::unique_ptr<Runs::Reservation>> Runs::Reservation::Take(Runs* runs, const std::string& run) {
  MutexLock lock(&runs->mutex_);
  if (!runs->reserved_.insert(run).second) return RunExists(run);
  return std::unique_ptr<Reservation>(new Reservation(runs, run));
}

Runs::Reservation::~Reservation() {
  MutexLock lock(&runs_->mutex_);
  runs_->reserved_.erase(run_);
}

v1::Run Runs::New(const std::string& id, const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                  v1::Visibility visibility, const std::string& owner) {
  v1::Run run;
  run.set_name(RunName(id));
  run.set_model_name(ModelName(spec));
  *run.mutable_spec() = spec;
  for (const auto& [key, value] : labels) (*run.mutable_labels())[key] = value;
  run.set_visibility(visibility);
  run.set_owner(owner);
  *run.mutable_create_time() = ToTimestamp(context_->clock->Now());
  return run;
}

absl::StatusOr<v1::Run> Runs::Get(const storage::Viewer& viewer, const std::string& run) {
  return ReadCatalog<v1::Run>(context_->catalog, [&](auto& reader) { return reader.runs().Get(viewer, run); });
}

absl::Status Runs::RemoveOrphan(const std::string& run) {
  if (!context_->run_files->Exists(run)) return absl::OkStatus();
  const absl::Status known = Get(storage::Viewer::Server(), run).status();
  if (known.ok()) return RunExists(run);
  if (!absl::IsNotFound(known)) return known;
  return context_->run_files->Remove(run);
}

absl::StatusOr<v1::Run> Runs::Insert(const storage::Actor& actor, const Request& request, const v1::Run& run) {
  const std::string id = IdOf(run.name());
  std::optional<storage::Job> queued;
  v1::Run answer;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, FindReplay(transaction, actor, request));
        if (answered.has_value()) {
          SUMSCOPE_ASSIGN_OR_RETURN(answer, transaction.runs().Get(actor.viewer(), IdOf(*answered)));
          return absl::OkStatus();
        }
        SUMSCOPE_RETURN_IF_ERROR(CheckSourceIsTheLabs(transaction, actor.viewer(), run));
        SUMSCOPE_RETURN_IF_ERROR(admission_->CheckAcceptsJobs());
        JobWithSubject target;
        target.job = admission_->NewJob(id, "");
        target.run = run;
        target.run.set_state(v1::QUEUED);
        target.run.set_attempt(target.job.attempt);
        target.run.set_job(JobName(target.job.id));
        target.log_entries = 0;
        SUMSCOPE_RETURN_IF_ERROR(transaction.runs().Insert(target.run));
        SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Insert(&target.job));
        SUMSCOPE_RETURN_IF_ERROR(
            Change(transaction, context_->clock->Now(), &target, v1::QUEUED, std::string(target.job.reason), ""));
        SUMSCOPE_RETURN_IF_ERROR(RecordRequest(transaction, actor, request, run.name()));
        queued = target.job;
        answer = target.run;
        return absl::OkStatus();
      }));
  if (queued.has_value()) {
    admission_->Enqueue(*std::move(queued));
    context_->hub->Notify(id);
  }
  return answer;
}

absl::StatusOr<v1::Run> Runs::Create(const storage::Actor& actor, const Request& request, const std::string& run_id,
                                     const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                                     v1::Visibility visibility) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered,
                            ReadCatalog<std::optional<std::string>>(
                                context_->catalog, [&](auto& reader) { return FindReplay(reader, actor, request); }));
  if (answered.has_value()) return Get(actor.viewer(), IdOf(*answered));
  for (int i = 1;; ++i) {
    const std::string id = run_id.empty() ? context_->ids->NewId('r') : run_id;
    SUMSCOPE_ASSIGN_OR_RETURN(const auto reservation, Reservation::Take(this, id));
    SUMSCOPE_RETURN_IF_ERROR(RemoveOrphan(id));
    absl::StatusOr<v1::Run> run = Insert(actor, request, New(id, spec, labels, visibility, actor.user()));
    if (run_id.empty() && ErrorReason(run.status()) == "RUN_EXISTS" && i < kIdTries) continue;
    return run;
  }
}

absl::StatusOr<v1::Run> Runs::Cancel(const storage::Actor& actor, const std::string& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, Get(actor.viewer(), run));
  actor.Names(found.name());
  if (found.job().empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
                     absl::StrCat(found.name(), " was imported: there is nothing to cancel"));
  }
  SUMSCOPE_RETURN_IF_ERROR(admission_->Cancel(actor, IdOf(found.job()), "RUN_ENDED"));
  return Get(actor.viewer(), run);
}

absl::StatusOr<v1::Run> Runs::Resume(const storage::Actor& actor, const Request& request, const std::string& run) {
  std::optional<storage::Job> queued;
  v1::Run answer;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, FindReplay(transaction, actor, request));
        SUMSCOPE_ASSIGN_OR_RETURN(answer, transaction.runs().Get(actor.viewer(), run));
        actor.Names(answer.name());
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
        SUMSCOPE_RETURN_IF_ERROR(admission_->CheckAcceptsJobs());
        SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, IdOf(answer.job())));
        target.job.attempt = 1;
        target.run.set_attempt(target.run.attempt() + 1);
        SUMSCOPE_RETURN_IF_ERROR(
            Change(transaction, context_->clock->Now(), &target, v1::QUEUED, reasons::kResumed, ""));
        SUMSCOPE_RETURN_IF_ERROR(RecordRequest(transaction, actor, request, answer.name()));
        queued = target.job;
        answer = target.run;
        return absl::OkStatus();
      }));
  if (queued.has_value()) {
    admission_->Enqueue(*std::move(queued));
    context_->hub->Notify(run);
  }
  return answer;
}

absl::StatusOr<v1::Run> Runs::Retry(const storage::Actor& actor, const Request& request, const std::string& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run old, Get(actor.viewer(), run));
  if (old.imported()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_RETRYABLE",
                     absl::StrCat(old.name(), " was imported: nothing trained it here"));
  }
  std::map<std::string, std::string> labels(old.labels().begin(), old.labels().end());
  labels["retry_of"] = run;
  return Create(actor, request, "", old.spec(), labels, old.visibility());
}

}  // namespace sumscope::jobs
