#include "server/jobs/intake/record_end.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/storage_patience.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/tasks/node_tags.h"

namespace sumscope::jobs {
namespace {

// What is cancelled says why until its end.
void KeepReason(const storage::Job& job, Outcome* outcome) {
  if (job.state != v1::CANCELLING || outcome->state != v1::CANCELLED || job.reason.empty()) return;
  outcome->reason = job.reason;
  if (outcome->detail.empty()) outcome->detail = job.detail;
}

storage::LogEntry EndOfLog(absl::Time now, const Outcome& outcome) {
  storage::LogEntry entry;
  entry.time = now;
  entry.severity = outcome.state == v1::FAILED ? "ERROR" : outcome.state == v1::QUEUED ? "WARNING" : "INFO";
  entry.text = absl::StrCat(outcome.state == v1::QUEUED ? "back in the queue" : v1::State_Name(outcome.state),
                            outcome.reason.empty() ? "" : ": ", outcome.reason, outcome.detail.empty() ? "" : ": ",
                            outcome.detail);
  entry.text = Bounded(entry.text);
  return entry;
}

// A success is that of the file which the task wrote.
absl::Status CheckSuccess(const Outcome& outcome, const EndFacts& facts) {
  if (outcome.state != v1::SUCCEEDED || !facts.incarnation.has_value()) return absl::OkStatus();
  return CheckSameFile(facts.file.get(), *facts.incarnation);
}

absl::Status StoreTraining(Context* context, const JobWithSubject& target, const Outcome& outcome, absl::Time now,
                           const EndFacts& facts) {
  const auto log = [&](storage::RunFileTransaction& transaction) -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(CheckSuccess(outcome, facts));
    return transaction.AppendLog(EndOfLog(now, outcome)).status();
  };
  if (!IsTerminal(outcome.state)) {
    SUMSCOPE_RETURN_IF_ERROR(facts.file->DiscardUnfinishedTensorSets().status());
    return facts.file->Write(log);
  }
  SUMSCOPE_RETURN_IF_ERROR(ChangeDescription(
      context, target.job.run, facts.file.get(),
      [&](const v1::Run& catalog, v1::Run* description) {
        const auto segments = description->segments();
        *description = catalog;
        *description->mutable_segments() = segments;
        if (facts.run.has_value()) facts.run->CopyTo(description);
        description->set_state(outcome.state);
        description->set_state_reason(outcome.reason);
        description->set_state_detail(Bounded(outcome.detail));
        *description->mutable_end_time() = ToTimestamp(now);
      },
      log));
  if (outcome.state != v1::SUCCEEDED) {
    SUMSCOPE_RETURN_IF_ERROR(facts.file->DiscardUnfinishedTensorSets().status());
  }
  SUMSCOPE_RETURN_IF_ERROR(SealUnlessBusy(context, target.job.run, facts.file.get()));
  return CheckSuccess(outcome, facts);
}

absl::Status StoreAnalysis(Context* context, const JobWithSubject& target, const Outcome& outcome, absl::Time now,
                           const EndFacts& facts) {
  if (!IsTerminal(outcome.state)) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis analysis, facts.file->GetAnalysis(target.job.analysis));
  if (outcome.state == v1::SUCCEEDED) {
    *analysis.mutable_result() = facts.analysis.result();
  } else {
    analysis.clear_result();
  }
  if (facts.analysis.has_provenance()) analysis.mutable_provenance()->MergeFrom(facts.analysis.provenance());
  analysis.set_state(outcome.state);
  analysis.set_state_reason(outcome.reason);
  analysis.set_state_detail(Bounded(outcome.detail));
  if (outcome.state == v1::SUCCEEDED) analysis.set_progress(1);
  *analysis.mutable_end_time() = ToTimestamp(now);
  SUMSCOPE_RETURN_IF_ERROR(facts.file->Write([&](storage::RunFileTransaction& transaction) -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(CheckSuccess(outcome, facts));
    return transaction.PutAnalysis(analysis);
  }));
  if (!IsTerminal(target.run.state())) return absl::OkStatus();
  SUMSCOPE_RETURN_IF_ERROR(SealUnlessBusy(context, target.job.run, facts.file.get()));
  return CheckSuccess(outcome, facts);
}

// A capture that did not succeed leaves no file. One that cannot be removed now is in nobody's way: the next of its
// name replaces it.
void DropCapture(Context* context, const JobWithSubject& target) {
  const AnalysisKind* const kind = FindKind(target.analysis.analysis());
  if (target.of_training() || kind == nullptr || !kind->writes_capture()) return;
  context->captures->Remove(target.job.run, target.job.analysis).IgnoreError();
}

// The files' part of the end. A success that cannot be stored is none; the error says that it may be one later.
absl::Status StoreEnd(Context* context, const JobWithSubject& target, const EndFacts& facts, absl::Time now,
                      Outcome* outcome) {
  const auto failed = [&](const std::string& reason, const absl::Status& status) {
    if (outcome->state != v1::SUCCEEDED) return absl::OkStatus();  // says less, loses nothing
    if (facts.keep_success && StoragePatience::Passes(status)) return status;
    *outcome = {v1::FAILED, reason, std::string(status.message())};
    DropCapture(context, target);
    return absl::OkStatus();
  };
  if (outcome->state != v1::SUCCEEDED) DropCapture(context, target);
  if (facts.file == nullptr) return failed(reasons::kStorageError, absl::NotFoundError("the run has no file"));
  const absl::Status stored = target.of_training() ? StoreTraining(context, target, *outcome, now, facts)
                                                   : StoreAnalysis(context, target, *outcome, now, facts);
  return stored.ok() ? absl::OkStatus() : failed(StorageReason(stored), stored);
}

// What is left of its work after a segment.
void LeaveRest(double seconds, storage::Job* job) {
  constexpr double kLeast = 1;
  if (job->expected_seconds > 0) job->expected_seconds = std::max(kLeast, job->expected_seconds - seconds);
}

absl::Status EndInCatalog(Context* context, const JobWithSubject& seen, const Outcome& outcome, absl::Time now,
                          const EndFacts& facts, const storage::Actor& actor, storage::Job* recorded) {
  const std::optional<uint64_t> log_entries = LogEntriesOf(facts.file.get());
  const auto end = [&](const Metering::Charge& charge, storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject target, LoadJobWithSubject(transaction, seen.job.id));
    if (target.job.state != seen.job.state) return absl::FailedPreconditionError("decided on an older state");
    const double had = target.job.device_seconds;
    SUMSCOPE_RETURN_IF_ERROR(charge(transaction, &target.job));
    if (outcome.state == v1::QUEUED) LeaveRest(target.job.device_seconds - had, &target.job);
    if (outcome.counts_as_failure) {
      ++target.job.attempt;
      if (target.of_training()) target.run.set_attempt(target.run.attempt() + 1);
    }
    if (target.of_training() && facts.run.has_value()) {
      SUMSCOPE_RETURN_IF_ERROR(facts.run->PutInto(transaction, target.job.run, &target.run));
    }
    target.log_entries = log_entries;
    SUMSCOPE_RETURN_IF_ERROR(Change(transaction, now, &target, outcome.state, outcome.reason, outcome.detail));
    if (!target.of_training() && outcome.state == v1::SUCCEEDED) {
      SUMSCOPE_RETURN_IF_ERROR(StoreFacts(transaction, target.analysis, facts.analysis.result(), now));
    }
    *recorded = target.job;
    return absl::OkStatus();
  };
  return context->metering.End(seen.job.id, [&](const Metering::Charge& charge) {
    return WithReserve(context, [&] {
      return context->catalog->Write(
          actor, [&](storage::CatalogTransaction& transaction) { return end(charge, transaction); });
    });
  });
}

}  // namespace

absl::Status SealUnlessBusy(Context* context, const std::string& run, storage::RunFile* file) {
  const absl::Status status = file->Seal();
  MutexLock lock(&context->unsealed_mutex);
  if (status.ok()) {
    context->unsealed.erase(run);
  } else {
    context->unsealed.insert(run);
  }
  return absl::IsUnavailable(status) ? absl::OkStatus() : status;
}

absl::Status ChangeDescription(Context* context, const std::string& run, storage::RunFile* file,
                               const std::function<void(const v1::Run& catalog, v1::Run* description)>& change,
                               const std::function<absl::Status(storage::RunFileTransaction&)>& also) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto lock, RunLocks::Held::Take(&context->descriptions, run));
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run catalog, ReadCatalog<v1::Run>(context->catalog, [&](auto& reader) {
                              return reader.runs().Get(storage::Viewer::Server(), run);
                            }));
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Run description, file->GetRun());
  change(catalog, &description);
  // The answers lie in the file themselves.
  for (const char* headline : {"accuracy", "accuracy_questions", "nines", "reads_to", "sure_to", "look_back_exact"}) {
    description.GetReflection()->ClearField(&description, v1::Run::descriptor()->FindFieldByName(headline));
  }
  return file->Write([&](storage::RunFileTransaction& transaction) -> absl::Status {
    SUMSCOPE_RETURN_IF_ERROR(transaction.PutRun(description));
    return also ? also(transaction) : absl::OkStatus();
  });
}

absl::Status FollowCatalog(Context* context, const JobWithSubject& target, storage::RunFile* file) {
  const storage::Job& job = target.job;
  EndFacts facts;
  facts.file = std::shared_ptr<storage::RunFile>(std::shared_ptr<storage::RunFile>(), file);  // borrowed
  const Outcome outcome = {job.state, job.reason, job.detail};
  const absl::Time end = job.end_time.value_or(context->clock->Now());
  return target.of_training() ? StoreTraining(context, target, outcome, end, facts)
                              : StoreAnalysis(context, target, outcome, end, facts);
}

absl::Status CheckSameFile(storage::RunFile* file, uint64_t incarnation) {
  if (file->Incarnation() == incarnation) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, storage::kRunFileReplaced,
                   "the run's file was exchanged for another under the task that wrote it: what the task brought since "
                   "then is not in it; `sumscope runs resume` goes on from what it holds");
}

absl::StatusOr<std::shared_ptr<storage::RunFile>> OpenIfExists(Context* context, const std::string& run) {
  if (!context->run_files->Exists(run)) return std::shared_ptr<storage::RunFile>();
  return context->run_files->Open(run);
}

absl::StatusOr<storage::Job> RecordEnd(Context* context, int tries, const std::string& job, const TaskEnd& end,
                                       const EndFacts& facts, const storage::Actor& actor) {
  storage::Job recorded;
  std::optional<std::pair<v1::State, Outcome>> stored;  // what the file holds, and for which state it was decided
  absl::Time now;                                       // when: catalog and file say the same
  absl::Status refused;                                 // by the file: not for this loop to wait for
  const absl::Status status = Retry(context, tries, [&]() -> absl::Status {
    for (;;) {
      SUMSCOPE_ASSIGN_OR_RETURN(
          const JobWithSubject target,
          ReadCatalog<JobWithSubject>(context->catalog, [&](auto& reader) { return LoadJobWithSubject(reader, job); }));
      if (IsTerminal(target.job.state)) {
        return MakeError(absl::StatusCode::kFailedPrecondition, "ENDED_ALREADY", "the job has ended already");
      }
      if (!stored.has_value() || stored->first != target.job.state) {
        Outcome outcome = Decide(target.job.state, target.job.attempt, end);
        KeepReason(target.job, &outcome);
        now = context->clock->Now();
        refused = StoreEnd(context, target, facts, now, &outcome);
        if (!refused.ok()) return absl::OkStatus();
        stored = {target.job.state, outcome};
      }
      const absl::Status written = EndInCatalog(context, target, stored->second, now, facts, actor, &recorded);
      // Tags that no fact can hold: that answer is none.
      if (absl::IsInvalidArgument(written) && stored->second.state == v1::SUCCEEDED) {
        Outcome outcome = {v1::FAILED, StorageReason(written), std::string(written.message())};
        SUMSCOPE_RETURN_IF_ERROR(StoreEnd(context, target, facts, now, &outcome));
        stored->second = outcome;
        continue;
      }
      // Somebody cancelled between the look and the write: decide again.
      if (written.code() == absl::StatusCode::kFailedPrecondition && ErrorReason(written).empty()) continue;
      return written;
    }
  });
  SUMSCOPE_RETURN_IF_ERROR(refused);
  if (!status.ok()) return status;
  if (recorded.analysis.empty()) {
    context->hub->ClearProgress(recorded.run);
  } else {
    context->hub->ClearAnalysisProgress(AnalysisName(recorded.run, recorded.analysis));
  }
  context->hub->Notify(recorded.run);
  if (IsTerminal(recorded.state)) context->ended.Put(recorded);
  return recorded;
}

}  // namespace sumscope::jobs
