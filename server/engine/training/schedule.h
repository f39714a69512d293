#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_SCHEDULE_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_SCHEDULE_H_

#include <cstdint>

#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// The factor on learning_rate of step 0 .. steps-1 (science.md section 3).
double ScheduleFactor(ScheduleKind kind, uint64_t step, uint64_t steps);

// Whether weights are kept after `step` steps: 0, 1, 2, 5, 10, 20, 50, .. and the last.
bool IsCheckpointStep(uint64_t step, uint64_t steps);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_SCHEDULE_H_
