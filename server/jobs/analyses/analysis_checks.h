#ifndef SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSIS_CHECKS_H_
#define SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSIS_CHECKS_H_

#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// FAILED_PRECONDITION RUN_DELETED.
absl::Status CheckNotDeleted(const v1::Run& run);

// What the server itself needs to answer: room for a capture (analysis.prediction), metrics for phases and steps enough
// for their window. FAILED_PRECONDITION RUN_HAS_NO_METRICS, those of AnalysisKind::CheckMetrics; RESOURCE_EXHAUSTED
// CAPTURE_TOO_LARGE.
absl::Status CheckAnswerable(Context* context, const v1::Run& run, const v1::Analysis& analysis);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSIS_CHECKS_H_
