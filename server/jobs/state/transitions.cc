#include "server/jobs/state/transitions.h"

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"
#include "server/jobs/state/context.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

void Mirror(const storage::Job& job, absl::Time now, v1::Run* run) {
  run->set_state(job.state);
  run->set_state_reason(job.reason);
  run->set_state_detail(job.detail);
  run->set_segment(job.segment);
  run->clear_segments();
  if (job.state == v1::RUNNING && !run->has_start_time()) *run->mutable_start_time() = ToTimestamp(now);
  if (IsTerminal(job.state)) {
    *run->mutable_end_time() = ToTimestamp(now);
  } else {
    run->clear_end_time();
  }
}

void Mirror(const storage::Job& job, absl::Time now, v1::Analysis* analysis) {
  analysis->set_state(job.state);
  analysis->set_state_reason(job.reason);
  analysis->set_state_detail(job.detail);
  if (IsTerminal(job.state)) {
    *analysis->mutable_end_time() = ToTimestamp(now);
  } else {
    analysis->clear_end_time();
  }
}

absl::Status AppendEvent(storage::CatalogTransaction& transaction, absl::Time now, const JobWithSubject& target) {
  const storage::Job& job = target.job;
  storage::Event event;
  event.run = job.run;
  event.job = job.id;
  event.time = now;
  event.of_training = target.of_training();
  event.log_entries = target.log_entries;
  event.change.set_state(job.state);
  event.change.set_reason(job.reason);
  event.change.set_detail(job.detail);
  event.change.set_attempt(target.of_training() ? target.run.attempt() : job.attempt);
  event.change.set_segment(job.segment);
  return transaction.events().Append(&event);
}

}  // namespace

absl::StatusOr<JobWithSubject> LoadJobWithSubject(storage::CatalogReader& reader, const std::string& job) {
  const storage::Viewer viewer = storage::Viewer::Server();
  JobWithSubject target;
  SUMSCOPE_ASSIGN_OR_RETURN(target.job, reader.jobs().Get(viewer, job));
  SUMSCOPE_ASSIGN_OR_RETURN(target.run, reader.runs().Get(viewer, target.job.run));
  if (!target.of_training()) {
    SUMSCOPE_ASSIGN_OR_RETURN(target.analysis, reader.analyses().Get(viewer, target.job.run, target.job.analysis));
  }
  return target;
}

std::optional<uint64_t> LogEntriesOf(storage::RunFile* file) {
  if (file == nullptr) return std::nullopt;
  const absl::StatusOr<uint64_t> entries = file->LogEntries();
  return entries.ok() ? std::make_optional(*entries) : std::nullopt;
}

Outcome Decide(v1::State now, uint32_t attempt, const TaskEnd& end) {
  using Kind = TaskEnd::Kind;
  const bool cancelling = now == v1::CANCELLING || end.kind == Kind::kUserCancelled;
  if (end.kind == Kind::kDone) return {v1::SUCCEEDED, end.reason, end.detail};
  if (end.kind == Kind::kFailed) return {v1::FAILED, end.reason, end.detail};
  if (cancelling) return {v1::CANCELLED, reasons::kCancelRequested, end.detail};
  if (end.kind == Kind::kReturned) return {v1::QUEUED, end.reason, end.detail};
  // A worker that says CANCELLED unasked broke down in its own way: the same as a lost one.
  const bool own_reason = end.kind == Kind::kFailedRetryable;
  if (attempt >= limits::kMaxAttempts) {
    return {v1::FAILED, own_reason ? end.reason : reasons::kWorkerLost, end.detail};
  }
  const std::string reason = own_reason                      ? end.reason
                             : end.kind == Kind::kServerDied ? reasons::kServerRestarted
                                                             : reasons::kWorkerLost;
  return {v1::QUEUED, reason, end.detail, true};
}

absl::Status Change(storage::CatalogTransaction& transaction, absl::Time now, JobWithSubject* target, v1::State state,
                    const std::string& reason, const std::string& detail) {
  storage::Job& job = target->job;
  if (state == v1::STARTING && job.state == v1::QUEUED) {
    ++job.segment;
    job.start_time = now;
    job.charged_until = now;
  }
  job.state = state;
  job.reason = reason;
  job.detail = Bounded(detail);
  if (state == v1::QUEUED || IsTerminal(state)) {
    job.slot.clear();
    job.charged_until.reset();  // what had been charged by then is charged
  }
  if (IsTerminal(state)) job.held_by.clear();  // or it would be held again once it is resumed
  job.end_time = IsTerminal(state) ? std::optional<absl::Time>(now) : std::nullopt;
  SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Update(job));
  if (target->of_training()) {
    Mirror(job, now, &target->run);
    SUMSCOPE_RETURN_IF_ERROR(transaction.runs().Update(target->run));
  } else {
    Mirror(job, now, &target->analysis);
    SUMSCOPE_RETURN_IF_ERROR(transaction.analyses().Put(target->analysis));
  }
  return AppendEvent(transaction, now, *target);
}

absl::Status InsertQueued(storage::CatalogTransaction& transaction, absl::Time now, JobWithSubject* target) {
  storage::Job& job = target->job;
  job.state = v1::QUEUED;
  if (target->of_training()) {
    Mirror(job, now, &target->run);
    target->run.set_attempt(job.attempt);
    target->run.set_job(JobName(job.id));
    target->log_entries = 0;
    SUMSCOPE_RETURN_IF_ERROR(transaction.runs().Insert(target->run));
  } else {
    Mirror(job, now, &target->analysis);
    target->analysis.set_job(JobName(job.id));
    SUMSCOPE_RETURN_IF_ERROR(transaction.analyses().Put(target->analysis));
  }
  SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Insert(&job));
  return AppendEvent(transaction, now, *target);
}

}  // namespace sumscope::jobs
