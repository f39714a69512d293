#include "server/jobs/recovery.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/resource_names.h"
#include "server/jobs/analyses/node_tags.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/job_states.h"
#include "server/jobs/reasons.h"

namespace sumscope::jobs {
namespace {

using File = std::shared_ptr<storage::RunFile>;

std::string NameOf(const storage::Job& job) {
  return job.analysis.empty() ? RunName(job.run) : AnalysisName(job.run, job.analysis);
}

// The end that the file holds and the catalog does not, if any.
absl::StatusOr<std::optional<Outcome>> EndInFile(const Target& target, storage::RunFile* file) {
  if (!target.of_training()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis analysis, file->GetAnalysis(target.job.analysis));
    if (!IsTerminal(analysis.state())) return std::optional<Outcome>();
    return std::optional<Outcome>({analysis.state(), analysis.state_reason(), analysis.state_detail()});
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run run, file->GetRun());
  // An older attempt's end is no end any more: the run was resumed.
  if (!IsTerminal(run.state()) || run.attempt() != target.run.attempt() || run.segment() != target.run.segment()) {
    return std::optional<Outcome>();
  }
  return std::optional<Outcome>({run.state(), run.state_reason(), run.state_detail()});
}

absl::Status FollowFile(Context* context, const Target& target, const Outcome& outcome, const EndFacts& facts) {
  return context->catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(Target current, LoadTarget(transaction, target.job.id));
    if (current.of_training() && facts.run.has_value()) facts.run->CopyTo(&current.run);
    const absl::Time now = context->clock->Now();
    // The file saw a state that the catalog missed: STARTING -> RUNNING -> SUCCEEDED.
    if (!IsLegalTransition(current.job.state, outcome.state)) {
      SUMSCOPE_RETURN_IF_ERROR(Change(transaction, now, &current, v1::RUNNING, "", ""));
    }
    SUMSCOPE_RETURN_IF_ERROR(Change(transaction, now, &current, outcome.state, outcome.reason, outcome.detail));
    if (current.of_training() || outcome.state != v1::SUCCEEDED) return absl::OkStatus();
    return StoreFacts(transaction, current.analysis, facts.analysis.result(), now);
  });
}

// Brings the job in line with its readable file. Returns what was repaired, "" for nothing.
absl::StatusOr<std::string> Reconcile(Context* context, const Target& target, const File& file) {
  EndFacts facts;
  facts.file = file;
  if (file != nullptr) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<Outcome> end, EndInFile(target, file.get()));
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
        SUMSCOPE_RETURN_IF_ERROR(SealUnlessBusy(file.get()));
      }
      return absl::StrCat(NameOf(target.job), ": its file says ", v1::State_Name(end->state), "; the catalog follows");
    }
  }
  if (target.job.state == v1::QUEUED) return std::string();
  SUMSCOPE_ASSIGN_OR_RETURN(const storage::Job job, RecordEnd(context, /*tries=*/3, target.job.id,
                                                              {TaskEnd::Kind::kServerDied, reasons::kServerRestarted,
                                                               "the server ended while it was under way"},
                                                              facts));
  return absl::StrCat(NameOf(job), ": was ", v1::State_Name(target.job.state), " when the server ended, is ",
                      v1::State_Name(job.state), job.state == v1::QUEUED ? " again" : " now", ", attempt ",
                      job.attempt);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> RecoverJobs(Context* context) {
  using Jobs = std::vector<storage::Job>;
  SUMSCOPE_ASSIGN_OR_RETURN(const Jobs jobs, ReadCatalog<Jobs>(context->catalog, [](storage::CatalogReader& reader) {
                              return reader.ListUnfinishedJobs();
                            }));
  std::vector<std::string> repairs;
  for (const storage::Job& job : jobs) {
    SUMSCOPE_ASSIGN_OR_RETURN(const Target target, ReadCatalog<Target>(context->catalog, [&](auto& reader) {
                                return LoadTarget(reader, job.id);
                              }));
    absl::StatusOr<File> file = OpenIfExists(context, job.run);
    absl::StatusOr<std::string> repair = file.ok() ? Reconcile(context, target, *file) : file.status();
    if (!repair.ok() && !MayPass(repair.status())) {
      // The file is beyond use: this job's end, not the server's.
      const absl::Status why = repair.status();
      SUMSCOPE_RETURN_IF_ERROR(RecordEnd(context, /*tries=*/3, job.id,
                                         {TaskEnd::Kind::kFailed, StorageReason(why), std::string(why.message())},
                                         EndFacts())
                                   .status());
      repair = absl::StrCat(NameOf(job), ": ", why.message(), "; it is FAILED now");
    }
    SUMSCOPE_RETURN_IF_ERROR(repair.status());
    if (!repair->empty()) repairs.push_back(*std::move(repair));
  }
  return repairs;
}

}  // namespace sumscope::jobs
