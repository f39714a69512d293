#include "server/jobs/scheduling/admission.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {

absl::Status Admission::CheckAcceptsJobs() {
  if (context_->draining) {
    return WithRetryAfter(MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                                    "the server is shutting down and takes no new work; try again when it is back"),
                          absl::Seconds(5));
  }
  if (dispatcher_->waiting() >= limits::kMaxQueuedJobs) {
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                                    "the queue holds as many jobs as it may; try again when some are done"),
                          absl::Seconds(60));
  }
  return absl::OkStatus();
}

storage::Job Admission::NewJob(const std::string& run, const std::string& analysis) {
  storage::Job job;
  job.id = context_->ids->NewId('j');
  job.run = run;
  job.analysis = analysis;
  job.reason = dispatcher_->waiting() > 0 ? reasons::kPriority : reasons::kResources;
  job.create_time = context_->clock->Now();
  return job;
}

absl::Status Admission::Cancel(const storage::Actor& actor, const std::string& job, const char* ended_reason) {
  const auto ended_already = [&](const std::string& of_run) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ended_reason,
                     absl::StrCat(of_run, " has ended already: there is nothing to cancel"));
  };
  if (std::optional<storage::Job> waiting = dispatcher_->Claim(job)) {
    EndFacts facts;
    const auto file = OpenIfExists(context_, waiting->run);
    if (file.ok()) facts.file = *file;
    const auto ended = RecordEnd(context_, /*tries=*/1, job,
                                 {TaskEnd::Kind::kUserCancelled, reasons::kCancelRequested, ""}, facts, actor);
    if (ErrorReason(ended.status()) == "ENDED_ALREADY") {
      return ended_already(waiting->run);
    }
    if (!ended.ok()) dispatcher_->Enqueue(*std::move(waiting));
    return ended.status();
  }
  // It has a task, or is about to: the catalog decides, then its worker hears of it.
  std::string run;
  const auto cancel = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, job));
    run = target.job.run;
    if (IsTerminal(target.job.state)) {
      return ended_already(target.of_training() ? run : absl::StrCat(run, "'s analysis ", target.job.analysis));
    }
    if (target.job.state == v1::CANCELLING) return absl::OkStatus();
    const v1::State next = target.job.state == v1::QUEUED ? v1::CANCELLED : v1::CANCELLING;
    return Change(transaction, context_->clock->Now(), &target, next, reasons::kCancelRequested, "");
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(actor, cancel); }));
  context_->hub->Notify(run);
  dispatcher_->CancelTask(job);
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
