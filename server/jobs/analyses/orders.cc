#include "server/jobs/analyses/orders.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/base/timestamp.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/resource_names.h"
#include "server/jobs/analyses/analysis_checks.h"
#include "server/jobs/dependencies/dependencies.h"
#include "server/jobs/state/reasons.h"

namespace sumscope::jobs {

void AskOf(const v1::Run& run, const storage::TensorSet& weights, v1::Analysis* analysis) {
  analysis->set_checkpoint(CheckpointName(IdOf(run.name()), weights.step));
  analysis->set_key(
      AnalysisKey(weights.sha256, analysis->request(), analysis->question_set().sha256(), run.spec().precision()));
}

std::string OrderKey(const v1::Analysis& order) {
  return absl::StrCat("order:",
                      AnalysisKey("", order.request(), order.question_set().sha256(), v1::PRECISION_UNSPECIFIED));
}

absl::Status CheckOrder(Context* context, const v1::Run& run, const v1::Analysis& order) {
  SUMSCOPE_RETURN_IF_ERROR(CheckNotDeleted(run));
  if (StandingOf(run) == Awaited::kLost) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
                     absl::StrCat(run.name(), " is ", v1::State_Name(run.state()),
                                  " and makes no last checkpoint; ask one that it has, such as @1000"));
  }
  const AnalysisKind& kind = KindOf(order.request());
  if (!kind.needs_worker()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_UNFINISHED",
                     absl::StrCat(run.name(), " is ", v1::State_Name(run.state()), ": ", kind.name(),
                                  " is stored at once; wait for the run's end, or name a step"));
  }
  if (kind.writes_capture()) return context->capture_room.Check(order.prediction().disk_bytes());
  if (!kind.needs_metrics()) return absl::OkStatus();
  return kind.CheckMetrics(run.name(), run.spec().steps(), order.request());
}

JobWithSubject NewOrder(Admission* admission, const storage::Actor& actor, const std::string& run,
                        const std::string& analysis, const NewAnalysis& asked, const std::string& sweep,
                        absl::Time now) {
  JobAsked job;
  job.run = run;
  job.analysis = analysis;
  job.kind = asked.analysis.analysis();
  job.priority = asked.priority;
  job.after = {run};
  job.sweep = sweep;
  job.needs = asked.needs;
  JobWithSubject target;
  target.job = admission->NewJob(actor, job);
  target.analysis = asked.analysis;
  target.analysis.clear_prediction();
  target.analysis.set_name(AnalysisName(run, analysis));
  *target.analysis.mutable_create_time() = ToTimestamp(now);
  return target;
}

absl::Status InsertOrder(storage::CatalogTransaction& transaction, absl::Time now, JobWithSubject* target) {
  target->job.reason = reasons::kDependency;
  SUMSCOPE_RETURN_IF_ERROR(InsertQueued(transaction, now, target));
  return transaction.jobs().PutOrder(target->job.id, target->analysis);
}

}  // namespace sumscope::jobs
