#include "server/engine/training/schedule.h"

#include <algorithm>
#include <cmath>

namespace sumscope::engine {

double ScheduleFactor(ScheduleKind kind, uint64_t step, uint64_t steps) {
  const double s = static_cast<double>(step);
  if (kind == ScheduleKind::kPaper1) return std::min((s + 1) / 10, 1.0);
  const double total = static_cast<double>(steps);
  const double warm_up = static_cast<double>(steps / 5);
  if (s < warm_up) return 0.01 + 0.99 * s / warm_up;
  return (1 + std::cos(M_PI * (s - warm_up) / (total - warm_up))) / 2;
}

bool IsCheckpointStep(uint64_t step, uint64_t steps) {
  if (step == 0 || step == steps) return true;
  if (step > steps) return false;
  while (step % 10 == 0) step /= 10;
  return step == 1 || step == 2 || step == 5;
}

}  // namespace sumscope::engine
