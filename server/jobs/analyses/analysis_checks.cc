#include "server/jobs/analyses/analysis_checks.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/requests.h"
#include "proto/contract/base/status_macros.h"
#include "proto/contract/errors.h"

namespace sumscope::jobs {
namespace {

// Phases are those of the training up to the checkpoint.
absl::Status CheckPhases(Context* context, const v1::Run& run, uint64_t step, const v1::PhasesRequest& request) {
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
  if (step > kMaxPhaseSteps) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "PHASES_TOO_LONG",
                     absl::StrCat(run.name(), " has metrics of ", step, " steps; phases are found in at most ",
                                  kMaxPhaseSteps, ": name an earlier checkpoint"));
  }
  const uint64_t widest = WidestPhaseWindow(step);
  if (request.window() <= widest) return absl::OkStatus();
  const std::string of_steps = absl::StrCat(run.name(), " has metrics of ", step, " steps; phases need ");
  if (widest == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "WINDOW_TOO_WIDE",
                     absl::StrCat(of_steps, "at least ", kLeastPhaseWindows));
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "WINDOW_TOO_WIDE",
                   absl::StrCat(of_steps, kLeastPhaseWindows, " windows or more, so that a window has at most ", widest,
                                ", not ", request.window()),
                   {{"widest", absl::StrCat(widest)}});
}

}  // namespace

absl::Status CheckAnswerable(Context* context, const v1::Run& run, const v1::Analysis& analysis) {
  if (analysis.request().has_capture()) return context->capture_room.Check(analysis.prediction().disk_bytes());
  if (analysis.request().has_phases()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const CheckpointRef checkpoint, ParseCheckpointName(analysis.checkpoint()));
    return CheckPhases(context, run, checkpoint.step.value_or(0), analysis.request().phases());
  }
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
