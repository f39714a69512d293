#include "server/rpc/serve/gate/finding/find_job.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "server/rpc/serve/gate/finding/find_run.h"

namespace sumscope::rpc {
namespace {

// What a job that is not there, or not for the caller, is answered with.
absl::Status JobNotFound(const std::string& job) {
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                   absl::StrCat("there is no job ", Quote(job), "; `sumscope queue` shows those that have not ended"),
                   {{"job", job}});
}

absl::Status HasNoJob(const std::string& name) {
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                   absl::StrCat(name, " was made at once, without a job: there is nothing that could wait"));
}

absl::StatusOr<storage::Job> GetJob(storage::Catalog* catalog, const auth::Caller& caller, const std::string& id) {
  storage::Job job;
  SUMSCOPE_RETURN_IF_ERROR(catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    absl::StatusOr<storage::Job> found = reader.jobs().Get(caller.viewer(), id);
    if (absl::IsNotFound(found.status())) return JobNotFound(id);
    SUMSCOPE_RETURN_IF_ERROR(found.status());
    job = *std::move(found);
    return absl::OkStatus();
  }));
  return job;
}

// jobs/{job} of the run's training or, with an analysis, of that.
absl::StatusOr<std::string> JobOf(storage::Catalog* catalog, const auth::Caller& caller, const std::string& run,
                                  const std::string& analysis) {
  SUMSCOPE_ASSIGN_OR_RETURN(const v1::Run found, FindRun(catalog, caller, RunName(run), storage::RunsFirst::kLiving));
  std::string name = found.name(), job = found.job();
  if (!analysis.empty()) {
    SUMSCOPE_RETURN_IF_ERROR(catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
      SUMSCOPE_ASSIGN_OR_RETURN(const v1::Analysis row,
                                reader.analyses().Get(caller.viewer(), IdOf(found.name()), analysis));
      name = row.name();
      job = row.job();
      return absl::OkStatus();
    }));
  }
  if (job.empty()) return HasNoJob(name);
  return job;
}

}  // namespace

absl::StatusOr<storage::Job> FindJob(storage::Catalog* catalog, const auth::Caller& caller, const std::string& name) {
  if (absl::StartsWith(name, "jobs/")) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseJobName(name));
    return GetJob(catalog, caller, id);
  }
  AnalysisRef ref;
  if (const absl::StatusOr<AnalysisRef> analysis = ParseAnalysisName(name); analysis.ok()) {
    ref = *analysis;
  } else if (const absl::StatusOr<std::string> run = ParseRunName(name); run.ok()) {
    ref.run = *run;
  } else {
    return InvalidField("RESOURCE_NAME_INVALID", "name",
                        absl::StrCat(Quote(name), " is no job's name; expected jobs/{job}, runs/{run} or ",
                                     "runs/{run}/analyses/{analysis}"));
  }
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string job, JobOf(catalog, caller, ref.run, ref.analysis));
  return GetJob(catalog, caller, IdOf(job));
}

}  // namespace sumscope::rpc
