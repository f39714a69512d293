// Sweeps end, go on and are forgotten.
#include "server/jobs/sweeps/sweep_keeper.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/state/going_on.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {
namespace {

// Jobs that one transaction ends: others write between.
constexpr size_t kJobsOfAnEnd = 200;

// What the sweep's retry queues again: what failed, and what its failures ended.
bool IsForRetry(v1::State state, const std::string& reason) {
  return state == v1::FAILED || (state == v1::CANCELLED && reason == reasons::kSweepFailedTooOften);
}

absl::StatusOr<std::vector<v1::Analysis>> AnalysesOf(storage::CatalogReader& reader, const std::string& run) {
  std::vector<v1::Analysis> analyses;
  storage::AnalysisQuery query;
  query.run = run;
  query.page_size = limits::kMaxPageSize;
  do {
    SUMSCOPE_ASSIGN_OR_RETURN(storage::AnalysisPage page, reader.analyses().List(storage::Viewer::Server(), query));
    for (v1::Analysis& analysis : page.analyses) analyses.push_back(std::move(analysis));
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  return analyses;
}

}  // namespace

bool IsUnfinished(const storage::SweepTally& tally) {
  const auto unfinished = [](const std::pair<const v1::State, uint32_t>& count) {
    return count.second > 0 && !IsTerminal(count.first);
  };
  return std::any_of(tally.runs.begin(), tally.runs.end(), unfinished) ||
         std::any_of(tally.analyses.begin(), tally.analyses.end(), unfinished);
}

void SweepKeeper::Tell(const Changes& changes, Room room) {
  for (const auto& [capture, bytes] : changes.captures) context_->capture_room.Announce(capture, bytes);
  for (const storage::Job& job : changes.ended) {
    admission_->Claim(job.id);
    context_->ended.PutWithoutFile(job);
  }
  for (const storage::Job& job : changes.stopping) admission_->CancelTask(job.id);
  if (!changes.queued.empty()) admission_->Enqueue(changes.queued, std::move(room));
  for (const auto* const jobs : {&changes.queued, &changes.ended, &changes.stopping}) {
    for (const storage::Job& job : *jobs) context_->hub->Notify(job.run);
  }
}

absl::StatusOr<bool> SweepKeeper::EndSome(const std::vector<std::string>& jobs, bool are_last, const RestEnd& end) {
  Changes changes;
  bool goes_on = true;
  const absl::Time now = context_->clock->Now();
  const auto write = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    changes = {};
    SUMSCOPE_ASSIGN_OR_RETURN(goes_on, end.goes_on(transaction));
    if (!goes_on) return absl::OkStatus();
    for (const std::string& job : jobs) {
      absl::StatusOr<JobWithSubject> target = LoadJobWithSubject(transaction, job);
      if (!target.ok() && MayPass(target.status())) return target.status();
      // One whose rows cannot be read is left alone: others end.
      if (!target.ok() || IsTerminal(target->job.state) || target->job.state == v1::CANCELLING) continue;
      const bool waits = target->job.state == v1::QUEUED;
      SUMSCOPE_RETURN_IF_ERROR(
          Change(transaction, now, &*target, waits ? v1::CANCELLED : v1::CANCELLING, end.reason, end.detail));
      (waits ? changes.ended : changes.stopping).push_back(std::move(target->job));
    }
    return are_last && end.last ? end.last(transaction) : absl::OkStatus();
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(write); }));
  Tell(changes);
  return goes_on;
}

absl::Status SweepKeeper::EndRest(const std::string& sweep, const RestEnd& end) {
  using Ids = std::vector<std::string>;
  SUMSCOPE_ASSIGN_OR_RETURN(const Ids jobs, ReadCatalog<Ids>(context_->catalog, [&](auto& reader) {
                              return reader.jobs().ListToCancel(sweep);
                            }));
  if (jobs.empty()) return end.last ? EndSome(jobs, /*are_last=*/true, end).status() : absl::OkStatus();
  bool goes_on = true;
  for (size_t first = 0; goes_on && first < jobs.size(); first += kJobsOfAnEnd) {
    const size_t behind = std::min(first + kJobsOfAnEnd, jobs.size());
    const Ids some(jobs.begin() + static_cast<ptrdiff_t>(first), jobs.begin() + static_cast<ptrdiff_t>(behind));
    SUMSCOPE_ASSIGN_OR_RETURN(goes_on, EndSome(some, behind == jobs.size(), end));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Sweep> SweepKeeper::Cancel(const storage::Actor& actor, const std::string& sweep) {
  v1::Sweep row;
  const auto cancel = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(row, transaction.sweeps().Get(actor.viewer(), sweep));
    actor.Names(row.name());
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::SweepTally tally,
                              transaction.sweeps().Tally(storage::Viewer::Server(), sweep));
    if (!IsUnfinished(tally)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SWEEP_ENDED",
                       absl::StrCat(row.name(), " has ended already: there is nothing to cancel"));
    }
    row.set_state(v1::SWEEP_CANCELLED);
    row.set_state_detail("");
    return transaction.sweeps().Update(row);
  };
  SUMSCOPE_RETURN_IF_ERROR(WithReserve(context_, [&] { return context_->catalog->Write(actor, cancel); }));
  const absl::Status ended =
      EndRest(sweep, {reasons::kCancelRequested, "", [](storage::CatalogTransaction&) { return true; }});
  context_->ended.Look({{}, {sweep}, {}});
  // It is cancelled: what storage refuses for now ends later.
  if (!ended.ok() && !MayPass(ended)) return ended;
  return row;
}

absl::Status SweepKeeper::Follow(const std::string& sweep) {
  v1::Sweep row;
  storage::SweepTally tally;
  const auto read = [&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(row, reader.sweeps().Get(storage::Viewer::Server(), sweep));
    SUMSCOPE_ASSIGN_OR_RETURN(tally, reader.sweeps().Tally(storage::Viewer::Server(), sweep));
    return absl::OkStatus();
  };
  // Where the detail says so already, the rest was ended: what goes on was queued again since.
  const auto failed_too_often = [&] {
    const std::string detail = EndedByFailures(row, tally);
    return !detail.empty() && detail != row.state_detail() && IsUnfinished(tally);
  };
  const absl::Status found = context_->catalog->Read(read);
  if (absl::IsNotFound(found)) return absl::OkStatus();  // it was forgotten
  SUMSCOPE_RETURN_IF_ERROR(found);
  if (failed_too_often()) {
    RestEnd end{reasons::kSweepFailedTooOften, EndedByFailures(row, tally), nullptr};
    end.goes_on = [&](storage::CatalogTransaction& transaction) -> absl::StatusOr<bool> {
      SUMSCOPE_RETURN_IF_ERROR(read(transaction));
      return failed_too_often();
    };
    end.last = [&](storage::CatalogTransaction& transaction) {
      row.set_state_detail(EndedByFailures(row, tally));
      return transaction.sweeps().Update(row);
    };
    return EndRest(sweep, end);
  }
  const auto is_cancelled = [&](storage::CatalogTransaction& transaction) -> absl::StatusOr<bool> {
    SUMSCOPE_RETURN_IF_ERROR(read(transaction));
    return row.state() == v1::SWEEP_CANCELLED;
  };
  if (IsUnfinished(tally)) {
    if (row.state() != v1::SWEEP_CANCELLED) return absl::OkStatus();
    return EndRest(sweep, {reasons::kCancelRequested, "", is_cancelled});
  }
  return WithReserve(context_, [&] {
    return context_->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
      SUMSCOPE_RETURN_IF_ERROR(read(transaction));
      if (IsUnfinished(tally)) return absl::OkStatus();
      *row.mutable_end_time() = ToTimestamp(context_->clock->Now());
      // In here: whoever queues a member again bounds the sweep after it.
      admission_->LimitSweep(sweep, 0);
      return transaction.sweeps().Update(row);
    });
  });
}

absl::Status SweepKeeper::QueueOrdersAgain(storage::CatalogTransaction& transaction, const std::string& sweep,
                                           const std::string& run, Changes* changes) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<v1::Analysis> analyses, AnalysesOf(transaction, run));
  for (const v1::Analysis& analysis : analyses) {
    // One that has a checkpoint failed by itself: asked again, it is a new one.
    const bool ended_with_run = analysis.checkpoint().empty() && !analysis.job().empty() &&
                                (analysis.state_reason() == reasons::kDependencyFailed ||
                                 analysis.state_reason() == reasons::kSweepFailedTooOften);
    if (!ended_with_run || !IsTerminal(analysis.state())) continue;
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, IdOf(analysis.job())));
    if (target.job.sweep != sweep) continue;
    target.job.dependencies = {run};
    SUMSCOPE_RETURN_IF_ERROR(
        Change(transaction, context_->clock->Now(), &target, v1::QUEUED, reasons::kDependency, ""));
    changes->queued.push_back(target.job);
  }
  return absl::OkStatus();
}

absl::Status SweepKeeper::QueueAgain(storage::CatalogTransaction& transaction, const std::string& sweep,
                                     const std::string& run, Changes* changes) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, transaction.runs().Get(storage::Viewer::Server(), run));
  if (row.has_delete_time()) return absl::OkStatus();
  if (IsForRetry(row.state(), row.state_reason())) {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, IdOf(row.job())));
    target.job.attempt = 1;
    target.run.set_attempt(target.run.attempt() + 1);
    SUMSCOPE_RETURN_IF_ERROR(Change(transaction, context_->clock->Now(), &target, v1::QUEUED, reasons::kResumed, ""));
    changes->queued.push_back(target.job);
  } else if (row.state() == v1::CANCELLED) {
    return absl::OkStatus();  // by somebody, who may resume it
  }
  return QueueOrdersAgain(transaction, sweep, run, changes);
}

absl::StatusOr<v1::Sweep> SweepKeeper::Retry(const storage::Actor& actor, const Request& request,
                                             const std::string& sweep) {
  v1::Sweep row;
  Changes changes;
  Room room;
  SUMSCOPE_RETURN_IF_ERROR(
      context_->catalog->Write(actor, [&](storage::CatalogTransaction& transaction) -> absl::Status {
        changes = {};
        room = Room();
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, FindReplay(transaction, actor, request));
        SUMSCOPE_ASSIGN_OR_RETURN(row, transaction.sweeps().Get(actor.viewer(), sweep));
        actor.Names(row.name());
        if (answered.has_value()) return absl::OkStatus();
        SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> members, transaction.sweeps().Members(sweep));
        for (const std::string& run : members) {
          SUMSCOPE_RETURN_IF_ERROR(QueueAgain(transaction, sweep, run, &changes));
        }
        if (changes.queued.empty()) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "SWEEP_HAS_NO_FAILED",
                           absl::StrCat(row.name(), " has no failed training, and no analysis that ended with one"));
        }
        SUMSCOPE_ASSIGN_OR_RETURN(room, admission_->Reserve(actor, row.priority(), changes.queued.size()));
        SUMSCOPE_RETURN_IF_ERROR(GoOn(transaction, &row));
        return RecordRequest(transaction, actor, request, row.name());
      }));
  if (changes.queued.empty()) return row;
  admission_->LimitSweep(sweep, row.max_parallel());
  Tell(changes, std::move(room));
  EndedJobs::Batch look;  // one may have succeeded meanwhile
  for (const storage::Job& job : changes.queued) look.runs.insert(job.dependencies.begin(), job.dependencies.end());
  context_->ended.Look(std::move(look));
  return row;
}

absl::Status SweepKeeper::Delete(const storage::Actor& actor, const std::string& sweep) {
  const auto remove = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Sweep row, transaction.sweeps().Get(actor.viewer(), sweep));
    actor.Names(row.name());
    SUMSCOPE_ASSIGN_OR_RETURN(const storage::SweepTally tally,
                              transaction.sweeps().Tally(storage::Viewer::Server(), sweep));
    if (IsUnfinished(tally)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SWEEP_UNFINISHED",
                       absl::StrCat(row.name(),
                                    " has work that has not ended; cancel it and wait until all of it has, "
                                    "then delete it"));
    }
    return transaction.sweeps().Remove(sweep);
  };
  return WithReserve(context_, [&] { return context_->catalog->Write(actor, remove); });
}

void SweepKeeper::Bound(const std::string& sweep) {
  const absl::StatusOr<v1::Sweep> row = ReadCatalog<v1::Sweep>(
      context_->catalog, [&](auto& reader) { return reader.sweeps().Get(storage::Viewer::Server(), sweep); });
  if (row.ok()) admission_->LimitSweep(sweep, row->max_parallel());
}

std::set<std::string> SweepKeeper::WithoutEnd() {
  std::set<std::string> sweeps;
  const absl::StatusOr<storage::SweepPage> page = ReadCatalog<storage::SweepPage>(context_->catalog, [&](auto& reader) {
    return reader.sweeps().List(storage::Viewer::Server(), limits::kMaxPageSize, "");
  });
  if (!page.ok()) return sweeps;
  for (const v1::Sweep& sweep : page->sweeps) {
    if (!sweep.has_end_time()) sweeps.insert(IdOf(sweep.name()));
  }
  return sweeps;
}

}  // namespace sumscope::jobs
