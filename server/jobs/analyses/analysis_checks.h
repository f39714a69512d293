#ifndef SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSIS_CHECKS_H_
#define SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSIS_CHECKS_H_

#include <cstdint>

#include "server/jobs/state/context.h"

namespace sumscope::jobs {

// Longer trainings have more metrics than a worker may be sent.
inline constexpr uint64_t kMaxPhaseSteps = 2'000'000;

// What the server itself needs to answer: room for a capture (analysis.prediction), metrics for phases and steps enough
// for their window. FAILED_PRECONDITION RUN_HAS_NO_METRICS, PHASES_TOO_LONG, WINDOW_TOO_WIDE; RESOURCE_EXHAUSTED
// CAPTURE_TOO_LARGE.
absl::Status CheckAnswerable(Context* context, const v1::Run& run, const v1::Analysis& analysis);

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_ANALYSES_ANALYSIS_CHECKS_H_
