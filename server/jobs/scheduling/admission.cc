#include "server/jobs/scheduling/admission.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/scheduling/policy/standings.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/state/transitions.h"

namespace sumscope::jobs {

std::string HolderName(const storage::Actor& actor) { return actor.user().empty() ? "the server" : actor.user(); }

void LiftHold(storage::Job* waiting) {
  if (waiting->held_by.empty()) return;
  waiting->held_by.clear();
  waiting->reason = waiting->dependencies.empty() ? reasons::kPriority : reasons::kDependency;
  waiting->detail.clear();
}

absl::Status Admission::CheckAcceptsWork() {
  if (!context_->draining) return absl::OkStatus();
  return WithRetryAfter(MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                                  "the server is shutting down and takes no new work; try again when it is back"),
                        absl::Seconds(5));
}

Admission::Bounds Admission::BoundsOf(const storage::Actor& actor) {
  dispatcher_->users().Learn(actor);
  const UserLimits limits = dispatcher_->users().LimitsOf(actor.user());
  return {limits.waiting.value_or(0), limits.high.value_or(0)};
}

absl::Status Admission::CheckWaiting(const storage::Actor& actor, const Bounds& bounds, size_t jobs,
                                     const Dispatcher::Counts& counts) {
  if (counts.all_waiting + jobs > limits::kMaxQueuedJobs) {
    return WithRetryAfter(MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                                    "the queue holds as many jobs as it may; try again when some are done"),
                          absl::Seconds(60));
  }
  if (bounds.waiting == 0 || counts.waiting + jobs <= bounds.waiting) return absl::OkStatus();
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, "WAITING_LIMIT",
                absl::StrCat(counts.waiting, " jobs of ", UserName(actor.user()), " wait, and ", jobs,
                             jobs == 1 ? " more comes" : " more come", "; this server lets a user have ",
                             bounds.waiting, " in its queue: wait until some have started, or cancel some")),
      absl::Seconds(60));
}

absl::Status Admission::CheckHigh(const storage::Actor& actor, const Bounds& bounds, v1::Priority priority, size_t jobs,
                                  const Dispatcher::Counts& counts) {
  if (priority != v1::HIGH || actor.viewer().sees_everything()) return absl::OkStatus();
  constexpr char kReason[] = "HIGH_PRIORITY_LIMIT";
  if (bounds.high == 0) {
    return MakeError(absl::StatusCode::kPermissionDenied, kReason,
                     "priority high is for admins here; ask for normal, or ask an admin to raise it");
  }
  if (counts.high + jobs <= bounds.high) return absl::OkStatus();
  return WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, kReason,
                absl::StrCat(UserName(actor.user()), " has ", counts.high, " jobs of priority high, and may have ",
                             bounds.high, " at once: wait until one has ended, or ask for normal")),
      absl::Seconds(60));
}

absl::StatusOr<Room> Admission::Reserve(const storage::Actor& actor, v1::Priority priority, size_t jobs) {
  SUMSCOPE_RETURN_IF_ERROR(CheckAcceptsWork());
  const Bounds bounds = BoundsOf(actor);
  return dispatcher_->Reserve(actor.user(), jobs, priority == v1::HIGH ? jobs : 0,
                              [&](const Dispatcher::Counts& counts) -> absl::Status {
                                SUMSCOPE_RETURN_IF_ERROR(CheckWaiting(actor, bounds, jobs, counts));
                                return CheckHigh(actor, bounds, priority, jobs, counts);
                              });
}

absl::Status Admission::CheckAcceptsJobs(const storage::Actor& actor, v1::Priority priority, size_t jobs) {
  SUMSCOPE_RETURN_IF_ERROR(CheckAcceptsWork());
  const Bounds bounds = BoundsOf(actor);
  const Dispatcher::Counts counts = dispatcher_->CountsOf(actor.user());
  SUMSCOPE_RETURN_IF_ERROR(CheckWaiting(actor, bounds, jobs, counts));
  return CheckHigh(actor, bounds, priority, jobs, counts);
}

absl::Status Admission::CheckPriority(const storage::Actor& actor, v1::Priority priority, size_t jobs) {
  return CheckHigh(actor, BoundsOf(actor), priority, jobs, dispatcher_->CountsOf(actor.user()));
}

absl::StatusOr<Room> Admission::ReservePriority(const storage::Actor& actor, v1::Priority priority) {
  const Bounds bounds = BoundsOf(actor);
  return dispatcher_->Reserve(actor.user(), 0, priority == v1::HIGH ? 1 : 0, [&](const Dispatcher::Counts& counts) {
    return CheckHigh(actor, bounds, priority, 1, counts);
  });
}

storage::Job Admission::NewJob(const storage::Actor& actor, const JobAsked& asked) {
  storage::Job job;
  job.id = context_->ids->NewId('j');
  job.run = asked.run;
  job.analysis = asked.analysis;
  job.create_time = context_->clock->Now();
  job.owner = actor.user();
  job.priority = asked.priority == v1::PRIORITY_UNSPECIFIED ? v1::NORMAL : asked.priority;
  job.dependencies = asked.after;
  job.sweep = asked.sweep;
  job.expected_seconds = asked.needs.seconds;
  job.memory_bytes = asked.needs.memory_bytes;
  // The lane has one thread, and what is expected is of slots that may have more: at most so many times as long.
  const absl::Duration in_lane = absl::Seconds(asked.needs.seconds) * dispatcher_->MostThreads();
  const bool is_short = in_lane > absl::ZeroDuration() && in_lane < context_->options.shares.quick;
  job.quick = !asked.analysis.empty() && (asked.kind == "ask" || is_short);
  const bool waits = dispatcher_->waiting() > 0;
  job.reason = !asked.after.empty() ? reasons::kDependency : waits ? reasons::kPriority : reasons::kResources;
  return job;
}

absl::Status Admission::ChangeWaiting(const storage::Actor& actor, const std::string& job,
                                      absl::FunctionRef<absl::Status(storage::Job* waiting)> change) {
  storage::Job changed;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        SUMSCOPE_RETURN_IF_ERROR(transaction.jobs().Get(actor.viewer(), job).status());
        SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, job));
        actor.Names(AnalysisOrRunName(target.job.run, target.job.analysis));
        if (IsTerminal(target.job.state)) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "JOB_ENDED",
                           absl::StrCat(JobName(job), " has ended: it waits for nothing any more"));
        }
        if (target.job.state != v1::QUEUED) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "JOB_STARTED",
                           absl::StrCat(JobName(job), " has started: only a job that waits can be held, released or ",
                                        "given another priority; cancel it to take it off its slot"));
        }
        SUMSCOPE_RETURN_IF_ERROR(change(&target.job));
        const std::string reason = target.job.reason, detail = target.job.detail;
        SUMSCOPE_RETURN_IF_ERROR(Change(transaction, context_->clock->Now(), &target, v1::QUEUED, reason, detail));
        changed = target.job;
        return absl::OkStatus();
      }));
  dispatcher_->ChangeWaiting(job, [changed](storage::Job* waiting) {
    waiting->held_by = changed.held_by;
    waiting->priority = changed.priority;
    waiting->reason = changed.reason;
    waiting->detail = changed.detail;
  });
  context_->hub->Notify(changed.run);
  return absl::OkStatus();
}

Room Admission::Hasten(const storage::Actor& actor, v1::Priority priority, storage::Job* waiting) {
  if (waiting->held_by != HolderName(actor)) LiftHold(waiting);
  v1::Priority wanted = priority == v1::PRIORITY_UNSPECIFIED ? v1::NORMAL : priority;
  const bool theirs = actor.viewer().sees_everything() || waiting->owner == actor.user();
  // It would count as one of its owner's.
  absl::StatusOr<Room> room = Room();
  if (wanted == v1::HIGH && theirs) room = ReservePriority(actor, wanted);
  if (wanted == v1::HIGH && !(theirs && room.ok())) wanted = v1::NORMAL;
  if (ClassOf(wanted) > ClassOf(waiting->priority)) waiting->priority = wanted;
  return room.ok() ? *std::move(room) : Room();
}

absl::Status Admission::Join(const storage::Actor& actor, const std::string& job, v1::Priority priority) {
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job now, ReadCatalog<storage::Job>(context_->catalog, [&](auto& reader) {
                              return reader.jobs().Get(actor.viewer(), job);
                            }));
  storage::Job hastened = now;
  static_cast<void>(Hasten(actor, priority, &hastened));
  if (hastened.held_by == now.held_by && hastened.priority == now.priority) return absl::OkStatus();
  Room room;  // until it counts by itself
  const absl::Status changed = ChangeWaiting(actor, job, [&](storage::Job* waiting) {
    room = Room();
    room = Hasten(actor, priority, waiting);
    return absl::OkStatus();
  });
  const std::string reason = ErrorReason(changed);
  return reason == "JOB_STARTED" || reason == "JOB_ENDED" ? absl::OkStatus() : changed;
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
  JobWithSubject target;
  const auto cancel = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(target, LoadJobWithSubject(transaction, job));
    if (IsTerminal(target.job.state)) {
      return ended_already(target.of_training() ? target.job.run
                                                : absl::StrCat(target.job.run, "'s analysis ", target.job.analysis));
    }
    if (target.job.state == v1::CANCELLING) return absl::OkStatus();
    const v1::State next = target.job.state == v1::QUEUED ? v1::CANCELLED : v1::CANCELLING;
    return Change(transaction, context_->clock->Now(), &target, next, reasons::kCancelRequested, "");
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(actor, cancel); }));
  context_->hub->Notify(target.job.run);
  if (IsTerminal(target.job.state)) context_->ended.PutWithoutFile(target.job);
  dispatcher_->CancelTask(job);
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
