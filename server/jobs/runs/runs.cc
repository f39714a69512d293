// Runs come, start again and are cancelled.
#include "server/jobs/runs/runs.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/dependencies/dependencies.h"
#include "server/jobs/runs/new_run.h"
#include "server/jobs/runs/sources.h"
#include "server/jobs/state/going_on.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {
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

void Runs::Enqueue(const storage::Job& job, Room room) {
  admission_->Enqueue(job, std::move(room));
  context_->hub->Notify(job.run);
  // What it waits for may have ended since the catalog has it.
  EndedJobs::Batch look;
  look.runs.insert(job.dependencies.begin(), job.dependencies.end());
  context_->ended.Look(std::move(look));
}

absl::StatusOr<v1::Run> Runs::Insert(const storage::Actor& actor, const Request& request, const NewRun& asked,
                                     const std::string& id) {
  std::optional<storage::Job> queued;
  Room room;
  v1::Run answer;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        room = Room();
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, FindReplay(transaction, actor, request));
        if (answered.has_value()) {
          SUMSCOPE_ASSIGN_OR_RETURN(answer, transaction.runs().Get(actor.viewer(), IdOf(*answered)));
          return absl::OkStatus();
        }
        const absl::Time now = context_->clock->Now();
        JobWithSubject target;
        target.run = RowOf(asked, id, actor.user(), now);
        SUMSCOPE_RETURN_IF_ERROR(CheckSourceIsTheLabs(transaction, actor.viewer(), target.run));
        JobAsked job;
        job.run = id;
        job.priority = asked.priority;
        job.needs = asked.needs;
        SUMSCOPE_ASSIGN_OR_RETURN(job.after, FindDependencies(transaction, actor.viewer(), asked.id, asked.after));
        SUMSCOPE_ASSIGN_OR_RETURN(room, admission_->Reserve(actor, asked.priority));
        target.job = admission_->NewJob(actor, job);
        SUMSCOPE_RETURN_IF_ERROR(InsertQueued(transaction, now, &target));
        SUMSCOPE_RETURN_IF_ERROR(RecordRequest(transaction, actor, request, target.run.name()));
        queued = target.job;
        answer = target.run;
        return absl::OkStatus();
      }));
  if (queued.has_value()) Enqueue(*queued, std::move(room));
  return answer;
}

absl::StatusOr<v1::Run> Runs::Create(const storage::Actor& actor, const Request& request, const std::string& run_id,
                                     const v1::TrainSpec& spec, const std::map<std::string, std::string>& labels,
                                     v1::Visibility visibility) {
  NewRun run;
  run.id = run_id;
  run.spec = spec;
  run.labels = labels;
  run.visibility = visibility;
  return Create(actor, request, run);
}

absl::StatusOr<v1::Run> Runs::Create(const storage::Actor& actor, const Request& request, const NewRun& run) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered,
                            ReadCatalog<std::optional<std::string>>(
                                context_->catalog, [&](auto& reader) { return FindReplay(reader, actor, request); }));
  if (answered.has_value()) return Get(actor.viewer(), IdOf(*answered));
  for (int i = 1;; ++i) {
    const std::string id = run.id.empty() ? context_->ids->NewId('r') : run.id;
    SUMSCOPE_ASSIGN_OR_RETURN(const auto reservation, Reservation::Take(this, id));
    SUMSCOPE_RETURN_IF_ERROR(RemoveOrphan(id));
    absl::StatusOr<v1::Run> made = Insert(actor, request, run, id);
    if (run.id.empty() && ErrorReason(made.status()) == "RUN_EXISTS" && i < kIdTries) continue;
    return made;
  }
}

absl::Status Runs::Check(const storage::Actor& actor, const NewRun& run) {
  SUMSCOPE_RETURN_IF_ERROR(admission_->CheckAcceptsJobs(actor, run.priority));
  return context_->catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    // An id is taken also by a run that the caller may not see.
    if (!run.id.empty() && !absl::IsNotFound(reader.runs().Get(storage::Viewer::Server(), run.id).status())) {
      return RunExists(run.id);
    }
    const v1::Run row = RowOf(run, run.id, actor.user(), context_->clock->Now());
    SUMSCOPE_RETURN_IF_ERROR(CheckSourceIsTheLabs(reader, actor.viewer(), row));
    return FindDependencies(reader, actor.viewer(), run.id, run.after).status();
  });
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
  Room room;
  uint32_t parallel = 0;  // of its sweep
  v1::Run answer;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        room = Room();
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
        SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, IdOf(answer.job())));
        SUMSCOPE_ASSIGN_OR_RETURN(target.job.dependencies,
                                  DependenciesLeft(transaction, actor.viewer(), target.job.dependencies));
        SUMSCOPE_ASSIGN_OR_RETURN(room, admission_->Reserve(actor, target.job.priority));
        target.job.attempt = 1;
        target.run.set_attempt(target.run.attempt() + 1);
        const char* const reason = target.job.dependencies.empty() ? reasons::kResumed : reasons::kDependency;
        SUMSCOPE_RETURN_IF_ERROR(Change(transaction, context_->clock->Now(), &target, v1::QUEUED, reason, ""));
        SUMSCOPE_ASSIGN_OR_RETURN(parallel, GoOn(transaction, target.job.sweep));
        SUMSCOPE_RETURN_IF_ERROR(RecordRequest(transaction, actor, request, answer.name()));
        queued = target.job;
        answer = target.run;
        return absl::OkStatus();
      }));
  if (!queued.has_value()) return answer;
  if (parallel > 0) admission_->LimitSweep(queued->sweep, parallel);
  Enqueue(*queued, std::move(room));
  return answer;
}

absl::StatusOr<v1::Run> Runs::Retry(const storage::Actor& actor, const Request& request, const std::string& run,
                                    const Needs& needs) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run old, Get(actor.viewer(), run));
  if (old.imported()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_RETRYABLE",
                     absl::StrCat(old.name(), " was imported: nothing trained it here"));
  }
  NewRun again;
  again.spec = old.spec();
  again.labels.insert(old.labels().begin(), old.labels().end());
  again.labels["retry_of"] = run;
  again.visibility = old.visibility();
  again.needs = needs;
  return Create(actor, request, again);
}

}  // namespace sumscope::jobs
