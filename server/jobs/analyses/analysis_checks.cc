#include "server/jobs/analyses/analysis_checks.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"

namespace sumscope::jobs {
namespace {

// The metrics of the training up to the checkpoint.
absl::Status CheckMetrics(Context* context, const v1::Run& run, uint64_t step, const v1::AnalysisRequest& request) {
  uint64_t stored = 0;
  if (!run.imported()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const auto file, context->run_files->Open(IdOf(run.name())));
    SUMSCOPE_ASSIGN_OR_RETURN(stored, file->MetricSteps(storage::Series::kDeterministic));
  }
  if (step == 0 || stored < step) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_HAS_NO_METRICS",
                     absl::StrCat(run.name(), run.imported() ? " was imported: nobody knows how it was trained"
                                                             : " has no metrics of steps before that checkpoint"),
                     {{"run", run.name()}});
  }
  return KindOf(request).CheckMetrics(run.name(), step, request);
}

}  // namespace

absl::Status CheckNotDeleted(const v1::Run& run) {
  if (!run.has_delete_time()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_DELETED",
                   absl::StrCat(run.name(), " is deleted; undelete it first"));
}

absl::Status CheckAnswerable(Context* context, const v1::Run& run, const v1::Analysis& analysis) {
  const AnalysisKind& kind = KindOf(analysis.request());
  if (kind.writes_capture()) return context->capture_room.Check(analysis.prediction().disk_bytes());
  if (!kind.needs_metrics()) return absl::OkStatus();
  SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef checkpoint, ParseCheckpointName(analysis.checkpoint()));
  return CheckMetrics(context, run, checkpoint.step.value_or(0), analysis.request());
}

}  // namespace sumscope::jobs
