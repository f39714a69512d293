#include "server/jobs/keeping/recovery.h"

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/names/states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/state/job_states.h"
#include "server/jobs/state/reasons.h"
#include "server/jobs/tasks/node_tags.h"

namespace sumscope::jobs {
namespace {

using File = std::shared_ptr<storage::RunFile>;

std::string NameOf(const storage::Job& job) {
  return job.analysis.empty() ? RunName(job.run) : AnalysisName(job.run, job.analysis);
}

struct FileEnd {
  Outcome outcome;
  absl::Time time;
};

template <typename Subject>
FileEnd EndOf(const Subject& subject) {
  return {{subject.state(), subject.state_reason(), subject.state_detail()}, ToTime(subject.end_time())};
}

// The end that the file holds and the catalog does not, if any.
absl::StatusOr<std::optional<FileEnd>> EndInFile(const JobWithSubject& target, storage::RunFile* file) {
  if (!target.of_training()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, file->GetAnalysis(target.job.analysis));
    return IsTerminal(analysis.state()) ? std::make_optional(EndOf(analysis)) : std::nullopt;
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, file->GetRun());
  // An older attempt's end is no end any more: the run was resumed.
  if (!IsTerminal(run.state()) || run.attempt() != target.run.attempt() || run.segment() != target.run.segment()) {
    return std::optional<FileEnd>();
  }
  return std::make_optional(EndOf(run));
}

absl::Status FollowFile(Context* context, const JobWithSubject& target, const FileEnd& end, const EndFacts& facts) {
  const Outcome& outcome = end.outcome;
  const std::optional<uint64_t> log_entries = LogEntriesOf(facts.file.get());
  const auto follow = [&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(JobWithSubject current, LoadJobWithSubject(transaction, target.job.id));
    current.log_entries = log_entries;
    if (current.of_training() && facts.run.has_value()) {
      SUMSCOPE_RETURN_IF_ERROR(facts.run->PutInto(transaction, current.job.run, &current.run));
    }
    // The file saw a state that the catalog missed: STARTING -> RUNNING -> SUCCEEDED.
    if (!IsLegalTransition(current.job.state, outcome.state)) {
      SUMSCOPE_RETURN_IF_ERROR(Change(transaction, end.time, &current, v1::RUNNING, "", ""));
    }
    SUMSCOPE_RETURN_IF_ERROR(Change(transaction, end.time, &current, outcome.state, outcome.reason, outcome.detail));
    if (current.of_training() || outcome.state != v1::SUCCEEDED) return absl::OkStatus();
    return StoreFacts(transaction, current.analysis, facts.analysis.result(), end.time);
  };
  SUMSCOPE_RETURN_IF_ERROR(context->catalog->Write(follow));
  context->ended.Put(target.job);
  return absl::OkStatus();
}

// Brings the job in line with its readable file. Returns what was repaired, "" for nothing.
absl::StatusOr<std::string> Reconcile(Context* context, const JobWithSubject& target, const File& file) {
  EndFacts facts;
  facts.file = file;
  if (file != nullptr) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<FileEnd> end, EndInFile(target, file.get()));
    if (target.of_training()) {
      SUMSCOPE_RETURN_IF_ERROR(file->DiscardUnfinishedTensorSets().status());
      SUMSCOPE_ASSIGN_OR_RETURN(facts.run, ReadFacts(file.get()));
    }
    if (end.has_value()) {
      if (!target.of_training()) {
        SUMSCOPE_ASSIGN_OR_RETURN(facts.analysis, file->GetAnalysis(target.job.analysis));
      }
      SUMSCOPE_RETURN_IF_ERROR(FollowFile(context, target, *end, facts));
      if (target.of_training() || IsTerminal(target.run.state())) {
        SUMSCOPE_RETURN_IF_ERROR(SealUnlessBusy(context, target.job.run, file.get()));
      }
      return absl::StrCat(NameOf(target.job), ": its file says ", v1::State_Name(end->outcome.state),
                          "; the catalog follows");
    }
  }
  if (target.job.state == v1::QUEUED) return std::string();
  const bool unreadable = target.job.state == v1::STATE_UNSPECIFIED;
  const TaskEnd task_end =
      unreadable
          ? TaskEnd{TaskEnd::Kind::kFailed, reasons::kCatalogCorrupt,
                    absl::StrCat("the row of ", JobName(target.job.id), " in the catalog names no known state")}
          : TaskEnd{TaskEnd::Kind::kServerDied, reasons::kServerRestarted, "the server ended while it was under way"};
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job job, RecordEnd(context, /*tries=*/3, target.job.id, task_end, facts));
  if (unreadable) return absl::StrCat(NameOf(job), ": ", task_end.detail, "; it is FAILED now");
  return absl::StrCat(NameOf(job), ": was ", v1::State_Name(target.job.state), " when the server ended, is ",
                      v1::State_Name(job.state), job.state == v1::QUEUED ? " again" : " now", ", attempt ",
                      job.attempt);
}

}  // namespace

absl::StatusOr<std::string> Recovery::Recover(const storage::Job& job) {
  const absl::StatusOr<JobWithSubject> target =
      ReadCatalog<JobWithSubject>(context_->catalog, [&](auto& reader) { return LoadJobWithSubject(reader, job.id); });
  if (!target.ok()) {
    if (MayPass(target.status())) return target.status();
    // Its run is not there, or a row cannot be read: nothing can be decided, and others go on.
    return absl::StrCat(JobName(job.id), ", of ", RunName(job.run), ": ", target.status().message(),
                        "; it is left alone");
  }
  // An analysis that waits for its run is in no file yet.
  if (!target->of_training() && target->analysis.checkpoint().empty() && job.state == v1::QUEUED) return std::string();
  const absl::StatusOr<File> file = OpenIfExists(context_, job.run);
  absl::StatusOr<std::string> repair = file.ok() ? Reconcile(context_, *target, *file) : file.status();
  if (repair.ok() || MayPass(repair.status())) return repair;
  // The file is beyond use: this job's end, not the server's.
  const absl::Status why = repair.status();
  SUMSCOPE_RETURN_IF_ERROR(RecordEnd(context_, /*tries=*/3, job.id,
                                     {TaskEnd::Kind::kFailed, StorageReason(why), std::string(why.message())},
                                     EndFacts())
                               .status());
  return absl::StrCat(NameOf(job), ": ", why.message(), "; it is FAILED now");
}

absl::StatusOr<std::vector<std::string>> Recovery::Start() {
  using Jobs = std::vector<storage::Job>;
  SUMSCOPE_ASSIGN_OR_RETURN(const Jobs jobs, ReadCatalog<Jobs>(context_->catalog, [](storage::CatalogReader& reader) {
                              return reader.jobs().ListUnfinished(storage::Viewer::Server());
                            }));
  std::vector<std::string> repairs;
  std::map<std::string, absl::Status> refused;  // runs: what one of their jobs met, the others would
  for (const storage::Job& job : jobs) {
    if (context_->Ending()) refused.try_emplace(job.run, absl::CancelledError("the server was told to end"));
    const auto met = refused.find(job.run);
    absl::StatusOr<std::string> repair = met == refused.end() ? Recover(job) : met->second;
    if (!repair.ok()) {
      refused.try_emplace(job.run, repair.status());
      repair = absl::StrCat(NameOf(job), ": ", repair.status().message(), "; it waits until that has passed");
      MutexLock lock(&mutex_);
      left_[job.id] = job.segment;
    }
    if (!repair->empty()) repairs.push_back(Bounded(*repair));
  }
  return repairs;
}

std::vector<storage::Job> Recovery::TryAgain() {
  std::map<std::string, uint32_t> left;
  {
    MutexLock lock(&mutex_);
    left = left_;
  }
  std::vector<storage::Job> queued;
  std::set<std::string> refused;  // runs
  for (const auto& [left_id, segment] : left) {
    if (context_->Ending()) break;
    const std::string& id = left_id;
    const auto find = [&] {
      return ReadCatalog<storage::Job>(context_->catalog,
                                       [&](auto& reader) { return reader.jobs().Get(storage::Viewer::Server(), id); });
    };
    absl::StatusOr<storage::Job> job = find();
    // Cancelled and resumed meanwhile, it is on its way again.
    const bool unfinished = job.ok() && !IsTerminal(job->state) && job->segment == segment;
    if (unfinished && (refused.count(job->run) > 0 || !Recover(*job).ok())) {
      refused.insert(job->run);
      continue;
    }
    if (!job.ok() && MayPass(job.status())) continue;
    if (unfinished) job = find();
    MutexLock lock(&mutex_);
    left_.erase(id);
    if (unfinished && job.ok() && job->state == v1::QUEUED) queued.push_back(*std::move(job));
  }
  return queued;
}

bool Recovery::IsLeft(const std::string& job) {
  MutexLock lock(&mutex_);
  return left_.count(job) > 0;
}

}  // namespace sumscope::jobs
