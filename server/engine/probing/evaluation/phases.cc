#include "server/engine/probing/evaluation/phases.h"

#include <algorithm>
#include <cmath>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr uint64_t kLeastWindows = 4;
constexpr double kNoisePrice = 3;
constexpr double kWorthShare = 0.05, kWorthStep = 0.30103;  // of the training; decades
constexpr double kWorthOfAll = 0.01;

struct Window {
  uint64_t first_step;
  double median;
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// A last window of less than half as many steps is part of the one before it.
uint64_t CountWindows(uint64_t steps, uint64_t width) { return std::max<uint64_t>((steps + width / 2) / width, 1); }

std::vector<Window> Windows(const MetricTable& metrics, size_t column, uint64_t width) {
  std::vector<Window> windows;
  const uint64_t count = CountWindows(metrics.steps, width);
  std::vector<double> values;
  for (uint64_t w = 0; w < count; ++w) {
    const uint64_t end = w + 1 == count ? metrics.steps : (w + 1) * width;
    values.clear();
    for (uint64_t step = w * width; step < end; ++step) {
      const double value = metrics.values[step * metrics.columns.size() + column];
      if (std::isfinite(value)) values.push_back(value);
    }
    if (!values.empty()) windows.push_back({metrics.first_step + w * width, Median(values)});
  }
  return windows;
}

// The geometric mean of windows begin .. end-1, whose logarithms are x.
double GeometricMean(const std::vector<double>& x, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += x[i];
  return std::pow(10.0, sum / static_cast<double>(end - begin));
}

// The robust variance of x[i] - x[i - lag].
double DifferenceVariance(const std::vector<double>& x, size_t lag) {
  std::vector<double> differences;
  for (size_t i = lag; i < x.size(); ++i) differences.push_back(x[i] - x[i - lag]);
  const double centre = Median(differences);
  for (double& difference : differences) difference = std::abs(difference - centre);
  const double sigma = 1.4826 * Median(differences);
  return sigma * sigma;
}

// What a boundary must explain (phases.h).
double Price(const std::vector<double>& x) {
  const auto count = static_cast<double>(x.size());
  double sum = 0, squares = 0;
  for (const double value : x) {
    sum += value;
    squares += value * value;
  }
  return std::max({kNoisePrice * LongRunVariance(x) * std::log(count), count * kWorthShare * kWorthStep * kWorthStep,
                   kWorthOfAll * (squares - sum * sum / count)});
}

PhasedSeries SeriesOf(const std::string& name, const std::vector<Window>& windows, const PhasesRequest& request) {
  PhasedSeries series;
  series.name = name;
  series.first_loss = windows.front().median;
  series.last_loss = windows.back().median;
  std::vector<double> x;
  for (const Window& window : windows) x.push_back(std::log10(std::max(window.median, 1e-12)));
  const std::vector<size_t> starts = ChangePoints(x, request.penalty * Price(x));
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t before = i == 0 ? 0 : starts[i - 1], after = i + 1 == starts.size() ? x.size() : starts[i + 1];
    series.boundaries.push_back(
        {windows[starts[i]].first_step, GeometricMean(x, before, starts[i]), GeometricMean(x, starts[i], after)});
  }
  for (size_t i = windows.size(); i-- > 0 && windows[i].median < request.learnt_below;) {
    series.learnt_step = windows[i].first_step;
  }
  return series;
}

std::vector<std::string> LearntOrder(const std::vector<PhasedSeries>& all) {
  std::vector<const PhasedSeries*> learnt;
  for (const PhasedSeries& series : all) {
    if (series.learnt_step.has_value()) learnt.push_back(&series);
  }
  std::stable_sort(learnt.begin(), learnt.end(), [](const PhasedSeries* left, const PhasedSeries* right) {
    return *left->learnt_step < *right->learnt_step;
  });
  std::vector<std::string> order;
  for (const PhasedSeries* series : learnt) order.push_back(series->name);
  return order;
}

void Check(const MetricTable& metrics, const PhasesRequest& request) {
  if (request.window == 0) throw Error(ErrorKind::kInvalidArgument, "BAD_WINDOW", "a window has at least one step");
  if (!(request.penalty > 0) || !std::isfinite(request.penalty)) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_PENALTY", "the penalty must be positive");
  }
  if (!(request.learnt_below > 0) || !std::isfinite(request.learnt_below)) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_THRESHOLD", "learnt_below must be positive");
  }
  if (metrics.steps == 0) throw Error(ErrorKind::kInvalidArgument, "NO_METRICS", "the run has no metrics yet");
  const uint64_t least = (metrics.steps + kMaxPhaseWindows - 1) / kMaxPhaseWindows;
  if (request.window < least) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_WINDOW",
                "of " + std::to_string(metrics.steps) + " steps a window has at least " + std::to_string(least));
  }
  if (CountWindows(metrics.steps, request.window) < kLeastWindows) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_WINDOW",
                std::to_string(metrics.steps) + " steps are fewer than " + std::to_string(kLeastWindows) +
                    " windows of " + std::to_string(request.window));
  }
}

}  // namespace

double LongRunVariance(const std::vector<double>& x) {
  constexpr double kFloor = 1e-6, kMaxCorrelation = 0.9;
  if (x.size() < 4) return kFloor;
  const double one = DifferenceVariance(x, 1), two = DifferenceVariance(x, 2);
  if (one <= 0) return kFloor;
  const double r = std::clamp(two / one - 1, 0.0, kMaxCorrelation);
  return std::max(one / 2 * (1 + r) / ((1 - r) * (1 - r)), kFloor);
}

std::vector<size_t> ChangePoints(const std::vector<double>& x, double penalty) {
  const size_t count = x.size();
  std::vector<double> sum(count + 1, 0), squares(count + 1, 0);
  for (size_t i = 0; i < count; ++i) {
    sum[i + 1] = sum[i] + x[i];
    squares[i + 1] = squares[i] + x[i] * x[i];
  }
  const auto cost = [&](size_t begin, size_t end) {
    const double total = sum[end] - sum[begin];
    return squares[end] - squares[begin] - total * total / static_cast<double>(end - begin);
  };
  // best[t]: of x[0..t), the penalty of the first segment taken back. A start s that cannot beat best[t] even without
  // the penalty of a change at t can never be the last one again: splitting a segment never raises the squared error.
  std::vector<double> best(count + 1, 0);
  best[0] = -penalty;
  std::vector<size_t> last(count + 1, 0), candidates;
  for (size_t t = 1; t <= count; ++t) {
    candidates.push_back(t - 1);
    size_t chosen = candidates.front();
    double least = best[chosen] + cost(chosen, t);
    for (const size_t s : candidates) {
      const double value = best[s] + cost(s, t);
      if (value < least) {
        least = value;
        chosen = s;
      }
    }
    best[t] = least + penalty;
    last[t] = chosen;
    candidates.erase(
        std::remove_if(candidates.begin(), candidates.end(), [&](size_t s) { return best[s] + cost(s, t) > best[t]; }),
        candidates.end());
  }
  std::vector<size_t> starts;
  for (size_t t = count; t > 0 && last[t] > 0; t = last[t]) starts.push_back(last[t]);
  std::reverse(starts.begin(), starts.end());
  return starts;
}

PhasesResult Phases(const MetricTable& metrics, const PhasesRequest& request, const ProgressFn& progress) {
  Check(metrics, request);
  const std::string digit_prefix = "digit_loss.", cell_prefix = "cell_loss.";
  PhasesResult result;
  result.steps = metrics.steps;
  for (size_t column = 0; column < metrics.columns.size(); ++column) {
    Report(progress, static_cast<double>(column) / static_cast<double>(metrics.columns.size()));
    const std::string& name = metrics.columns[column];
    const bool is_digit = name.rfind(digit_prefix, 0) == 0, is_cell = name.rfind(cell_prefix, 0) == 0;
    if (!is_digit && !is_cell) continue;
    const std::vector<Window> windows = Windows(metrics, column, request.window);
    if (windows.empty()) continue;
    const size_t prefix = (is_digit ? digit_prefix : cell_prefix).size();
    (is_digit ? result.digits : result.cells).push_back(SeriesOf(name.substr(prefix), windows, request));
  }
  if (result.digits.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "NO_METRICS", "the metrics have no digit_loss");
  }
  result.order = LearntOrder(result.digits);
  result.cell_order = LearntOrder(result.cells);
  return result;
}

}  // namespace sumscope::engine
