#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_PHASES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_PHASES_H_

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

inline constexpr uint64_t kMaxPhaseWindows = 50'000;

struct PhasesRequest {
  uint32_t window = 50;       // steps of one median
  double penalty = 1;         // multiplies the price of a boundary
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
// constant mean in noise, and the boundaries minimise [squared error + price * boundaries] over T windows, with
// price = `penalty` * max(noise price, worth prices):
// - noise: kNoisePrice * v ln(T). BIC, with a place and a mean to a boundary, says 2 v ln(T) for independent noise of
//   variance v, and takes pure noise of some hundred windows for a change in one of ten to twenty curves; 3 does in
//   fewer than one of a hundred. Losses of neighbouring windows go up and down together, and their sums over a phase
//   vary as independent noise of the long-run variance does: v is that (LongRunVariance).
// - worth: T * kWorthShare * kWorthStep^2. A loss that glides down is a staircase of as many steps as one pays for;
// with
//   the noise alone every digit had 20 phases. So a boundary must explain as much as a change by a factor of 2 does
//   that lasts 5 % of the training, and kWorthOfAll of the curve's whole squared deviation. Of a glide over D decades K
//   phases leave T D^2 / (12 K^2) and the next one explains T D^2 / (6 K^3) of it, so that there are about
//   min((D^2 / (6 * 0.0045))^(1/3), (2 / kWorthOfAll)^(1/3)): 3 phases of one decade, 6 of three and of nine, whatever
//   the window is.
// Throws kCancelled and kInvalidArgument: BAD_WINDOW (0; so small that there are more than 50,000 windows: the
// search is quadratic where nothing changes; or so wide that there are fewer than four: a boundary divides them into
// two phases, one window is no phase, and the noise is measured on windows two apart), BAD_PENALTY, BAD_THRESHOLD (not
// positive and finite), NO_METRICS (no step, or no digit_loss column with a value).
PhasesResult Phases(const MetricTable& metrics, const PhasesRequest& request, const ProgressFn& progress = nullptr);

// The starts, ascending and without 0, of the segments that minimise the sum over segments of (squared deviations from
// the segment's mean) plus `penalty` per change point: PELT (Killick, Fearnhead and Eckley, 2012), exact.
std::vector<size_t> ChangePoints(const std::vector<double>& x, double penalty);

// T times the variance of the mean of the noise of a piecewise constant series of T values, for first-order
// autoregressive noise: with V_l the variance of differences at lag l, robust (1.4826 MAD)^2 so that changes hardly
// touch it, V_1 = 2 s (1-r) and V_2 = 2 s (1-r^2); the result is s (1+r)/(1-r), r between 0 and 0.9. At least 1e-6.
double LongRunVariance(const std::vector<double>& x);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_PHASES_H_
