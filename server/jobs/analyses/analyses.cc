// Analyses: asked twice, computed once.
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"
#include "proto/contract/resource_names.h"
#include "server/jobs/job_manager_impl.h"
#include "server/jobs/job_states.h"
#include "server/jobs/intake/record_end.h"
#include "server/jobs/transitions.h"

namespace sumscope::jobs {

absl::StatusOr<v1::Analysis> JobManagerImpl::WithContent(const std::string& run, v1::Analysis analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context_.run_files->Open(run));
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis whole, file->GetAnalysis(LastPart(analysis.name())));
  whole.set_state(analysis.state());
  whole.set_state_reason(analysis.state_reason());
  whole.set_state_detail(analysis.state_detail());
  if (whole.state() != v1::SUCCEEDED) whole.clear_result();
  return whole;
}

absl::StatusOr<std::optional<JobManager::CreatedAnalysis>> JobManagerImpl::FindAnalysis(const Request& request,
                                                                                        const std::string& run,
                                                                                        const std::string& key) {
  using Found = std::optional<v1::Analysis>;
  bool from_cache = true;
  SUMSCOPE_ASSIGN_OR_RETURN(
      Found found, ReadCatalog<Found>(context_.catalog, [&](storage::CatalogReader& reader) -> absl::StatusOr<Found> {
        SUMSCOPE_ASSIGN_OR_RETURN(const std::optional<std::string> answered, Answered(reader, request));
        if (answered.has_value()) {
          from_cache = false;
          SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(*answered));
          SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis analysis, reader.GetAnalysis(name.run, name.analysis));
          return Found(std::move(analysis));
        }
        SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run row, reader.GetRun(run));
        if (row.has_delete_time()) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_DELETED",
                           absl::StrCat(row.name(), " is deleted; undelete it first"));
        }
        SUMSCOPE_ASSIGN_OR_RETURN(Found same, reader.FindAnalysis(key));
        if (same.has_value() && same->state() == v1::CANCELLING) same.reset();  // nobody will get its answer
        return same;
      }));
  if (!found.has_value()) return std::optional<CreatedAnalysis>();
  SUMSCOPE_ASSIGN_OR_RETURN(const AnalysisRef name, ParseAnalysisName(found->name()));
  CreatedAnalysis created;
  SUMSCOPE_ASSIGN_OR_RETURN(created.analysis, WithContent(name.run, *std::move(found)));
  created.from_cache = from_cache;
  return std::optional<CreatedAnalysis>(std::move(created));
}

absl::StatusOr<JobManager::CreatedAnalysis> JobManagerImpl::CreateAnalysis(const Request& request,
                                                                           const std::string& run,
                                                                           v1::Analysis analysis) {
  MutexLock lock(&analyses_);
  SUMSCOPE_ASSIGN_OR_RETURN(std::optional<CreatedAnalysis> found, FindAnalysis(request, run, analysis.key()));
  if (found.has_value()) {
    // The request is not recorded: it made nothing, and asked again it finds the same.
    return *std::move(found);
  }
  SUMSCOPE_RETURN_IF_ERROR(CheckAcceptsJobs());
  const std::string id = context_.ids->NewId('a');
  Target target;
  target.job = NewJob(run, id);
  analysis.set_name(AnalysisName(run, id));
  analysis.set_state(v1::QUEUED);
  analysis.set_job(JobName(target.job.id));
  *analysis.mutable_create_time() = ToTimestamp(context_.clock->Now());
  SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context_.run_files->Open(run));
  SUMSCOPE_RETURN_IF_ERROR(
      file->Write([&](storage::RunFileTransaction& transaction) { return transaction.PutAnalysis(analysis); }));
  SUMSCOPE_RETURN_IF_ERROR(context_.catalog->Write([&](storage::CatalogTransaction& transaction) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(target.run, transaction.GetRun(run));
    target.analysis = analysis;
    SUMSCOPE_RETURN_IF_ERROR(transaction.PutAnalysis(target.analysis));
    SUMSCOPE_RETURN_IF_ERROR(transaction.InsertJob(&target.job));
    SUMSCOPE_RETURN_IF_ERROR(
        Change(transaction, context_.clock->Now(), &target, v1::QUEUED, std::string(target.job.reason), ""));
    return Remember(transaction, request, analysis.name());
  }));
  dispatcher_.Enqueue(target.job);
  context_.hub->Notify(run);
  CreatedAnalysis created;
  created.analysis = std::move(target.analysis);
  return created;
}

absl::StatusOr<v1::Analysis> JobManagerImpl::CancelAnalysis(const std::string& run, const std::string& analysis) {
  const auto get = [&] {
    return ReadCatalog<v1::Analysis>(context_.catalog, [&](auto& reader) { return reader.GetAnalysis(run, analysis); });
  };
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis found, get());
  SUMSCOPE_RETURN_IF_ERROR(CancelJob(LastPart(found.job()), "ANALYSIS_ENDED"));
  SUMSCOPE_ASSIGN_OR_RETURN(v1::Analysis now, get());
  return WithContent(run, std::move(now));
}

}  // namespace sumscope::jobs
