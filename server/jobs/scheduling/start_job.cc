#include "server/jobs/scheduling/start_job.h"

#include <utility>

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/scheduling/wait_reason.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

// A job that its storage refuses for now stays in the queue; any other error is the job's own.
bool RefusedForNow(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status) || absl::IsAborted(status);
}

StartOutcome QueuedAgain(const storage::Job& job) { return {StartOutcome::Kind::kQueuedAgain, "", job}; }

// Held, or made to wait for a run, since it was taken out of the queue.
bool MustWait(const storage::Job& job) { return !job.held_by.empty() || !job.dependencies.empty(); }

}  // namespace

StartOutcome JobStarter::TryStart(const storage::Job& job, const std::string& slot, bool probes) const {
  const absl::StatusOr<JobWithSubject> target =
      ReadCatalog<JobWithSubject>(context_->catalog, [&](auto& reader) { return LoadJobWithSubject(reader, job.id); });
  if (!target.ok()) {
    if (MayPass(target.status())) return TryLater(job, target.status(), StartOutcome::Kind::kRefusedToAll);
    return {};  // the run was removed
  }
  if (target->job.state != v1::QUEUED) return Abandon(*target);
  if (MustWait(target->job)) return QueuedAgain(target->job);
  absl::StatusOr<Assignment> assignment = Prepare(*target, probes);
  if (!assignment.ok()) {
    if (!RefusedForNow(assignment.status())) return Fail(job, assignment.status());
    return TryLater(job, assignment.status(),
                    absl::IsResourceExhausted(assignment.status()) ? StartOutcome::Kind::kRefusedToAll
                                                                   : StartOutcome::Kind::kRefused);
  }
  if (context_->draining) return QueuedAgain(job);
  const absl::StatusOr<JobWithSubject> started = RecordStart(job.id, slot, LogEntriesOf(assignment->file.get()));
  if (!started.ok()) return TryLater(job, started.status(), StartOutcome::Kind::kRefusedToAll);
  if (started->job.state == v1::QUEUED) return QueuedAgain(started->job);
  if (started->job.state != v1::STARTING) return Abandon(*started);
  context_->metering.Begin(started->job);
  context_->hub->Notify(job.run);
  StartOutcome outcome = HandOver(started->job, slot, *std::move(assignment));
  outcome.recorded = true;
  return outcome;
}

absl::StatusOr<Assignment> JobStarter::Prepare(const JobWithSubject& target, bool probes) const {
  SUMSCOPE_ASSIGN_OR_RETURN(Assignment assignment, BuildAssignment(context_, target));
  if (probes) {
    SUMSCOPE_RETURN_IF_ERROR(assignment.file->Write([](storage::RunFileTransaction&) { return absl::OkStatus(); }));
  }
  return assignment;
}

absl::StatusOr<JobWithSubject> JobStarter::RecordStart(const std::string& job, const std::string& slot,
                                                       std::optional<uint64_t> log_entries) const {
  return WriteCatalog<JobWithSubject>(
      context_->catalog, storage::Actor::Server(),
      [&](storage::CatalogTransaction& transaction) -> absl::StatusOr<JobWithSubject> {
        SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, job));
        if (target.job.state != v1::QUEUED || MustWait(target.job)) return target;
        target.job.slot = slot;
        target.log_entries = log_entries;
        SUMSCOPE_RETURN_IF_ERROR(Change(transaction, context_->clock->Now(), &target, v1::STARTING, "", ""));
        return target;
      });
}

StartOutcome JobStarter::HandOver(const storage::Job& job, const std::string& slot, Assignment assignment) const {
  const worker::v1::Task task = assignment.task;
  const std::shared_ptr<storage::RunFile> file = assignment.file;
  std::optional<workers::TaskTensors> tensors = std::move(assignment.tensors);
  assignment.tensors.reset();
  ingest_->Expect(slot, std::move(assignment));
  const absl::Status status = context_->pool->Assign(slot, task, std::move(tensors));
  if (!status.ok()) {
    ingest_->Forget(slot, task.task_id());
    return Return(job, file, status);
  }
  return {StartOutcome::Kind::kAssigned, task.task_id(), job};
}

StartOutcome JobStarter::Return(const storage::Job& job, const std::shared_ptr<storage::RunFile>& file,
                                const absl::Status& status) const {
  const std::string text(status.message());
  const bool busy = absl::IsFailedPrecondition(status);  // its worker is restarting; the slot will say idle again
  EndFacts facts;
  facts.file = file;
  const absl::StatusOr<storage::Job> recorded =
      RecordEnd(context_, kUntilInterrupted, job.id,
                busy ? TaskEnd{TaskEnd::Kind::kReturned, reasons::kResources, text}
                     : TaskEnd{TaskEnd::Kind::kFailedRetryable, reasons::kAssignFailed, text},
                facts);
  StartOutcome outcome;
  if (recorded.ok() && recorded->state == v1::QUEUED) outcome = QueuedAgain(*recorded);
  outcome.slot_is_idle = !busy;
  return outcome;
}

StartOutcome JobStarter::Fail(const storage::Job& job, const absl::Status& status) const {
  EndFacts facts;
  absl::StatusOr<std::shared_ptr<storage::RunFile>> file = OpenIfExists(context_, job.run);
  if (file.ok()) facts.file = *std::move(file);
  // An error says that it ended meanwhile, was removed, or that the server ends: nothing is left to do here.
  const absl::StatusOr<storage::Job> recorded =
      RecordEnd(context_, kUntilInterrupted, job.id,
                {TaskEnd::Kind::kFailed, StorageReason(status), std::string(status.message())}, facts);
  static_cast<void>(recorded);
  return {};
}

StartOutcome JobStarter::Abandon(const JobWithSubject& target) const {
  if (IsTerminal(target.job.state)) {
    const auto file = OpenIfExists(context_, target.job.run);
    // The catalog has the end; a file that cannot take it says less.
    if (file.ok() && *file != nullptr) FollowCatalog(context_, target, file->get()).IgnoreError();
  }
  return {};
}

StartOutcome JobStarter::TryLater(const storage::Job& job, const absl::Status& why, StartOutcome::Kind kind) const {
  return {kind, "", ShowWaitReason(context_, job, StorageReason(why), std::string(why.message()))};
}

}  // namespace sumscope::jobs
