#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_PHASES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_PHASES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// The deterministic metrics of a run, as the trainer names them: loss, digit_loss.A5 .., cell_loss.BA ...
struct MetricTable {
  std::vector<std::string> columns;
  const double* values = nullptr;  // borrowed, [steps, columns]; NaN where a step has no value
  uint64_t steps = 0;
  uint64_t first_step = 0;  // of row 0
};

struct PhasesRequest {
  uint32_t window = 50;       // steps of one median
  double penalty = 1;         // in units of BIC's
  double learnt_below = 0.1;  // nats
};

struct PhaseBoundary {
  uint64_t step = 0;       // the first of the window that begins the new phase
  double loss_before = 0;  // geometric mean of the phase before
  double loss_after = 0;
};
struct PhasedSeries {
  std::string name;  // A5; BA
  std::vector<PhaseBoundary> boundaries;
  std::optional<uint64_t> learnt_step;
  double first_loss = 0;  // median of the first window that has a value
  double last_loss = 0;
};
struct PhasesResult {
  uint64_t steps = 0;
  std::vector<PhasedSeries> digits;     // in the order of the columns
  std::vector<PhasedSeries> cells;      // those with a value
  std::vector<std::string> order;       // digits by learnt_step; those never learnt are left out
  std::vector<std::string> cell_order;  // the same of cells
};

// Analysis 9 of science.md section 6: change points of log10 of each digit's and cell's loss (medians of `window`
// steps; a last window of less than half as many steps joins the one before it; windows without a value are skipped),
// and the first step after which the loss stays below `learnt_below`, judged on the medians. The model is a piecewise
// constant mean in Gaussian noise of known variance v. -2 log likelihood is the squared error over v, and a change
// point has two parameters, its place and the new mean, so BIC asks for minimal [squared error + 2 v ln(T) * change
// points] over T windows; `penalty` multiplies the second term
// (BIC takes pure noise of some hundred windows for a change about once in ten to twenty curves; 2 hardly ever does). v
// is estimated robustly from first differences, which the changes hardly touch: (1.4826 MAD / sqrt 2)^2, at least 1e-6.
// Throws kCancelled and kInvalidArgument: BAD_WINDOW (0, or so small that there are more than 50,000 windows: the
// search is quadratic where nothing changes), BAD_PENALTY, BAD_THRESHOLD (not positive and finite), NO_METRICS (no
// step, or no digit_loss column with a value).
PhasesResult Phases(const MetricTable& metrics, const PhasesRequest& request, const ProgressFn& progress = nullptr);

// The starts, ascending and without 0, of the segments that minimise the sum over segments of (squared deviations from
// the segment's mean) plus `penalty` per change point: PELT (Killick, Fearnhead and Eckley, 2012), exact.
std::vector<size_t> ChangePoints(const std::vector<double>& x, double penalty);

// The robust variance of the noise of a piecewise constant series, as above.
double NoiseVariance(const std::vector<double>& x);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_PHASES_H_
