#ifndef SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_METRICS_H_
#define SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_METRICS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// What one step measured, before its update, on its own batch.
struct StepMetrics {
  double loss = 0;
  std::vector<double> digit_loss;    // answer tokens in order: SGN?, A_n .. A_0
  std::vector<uint32_t> cell_count;  // BA, UC1, US9 of additions, MD, UB1, UM0 of subtractions, as the run has them
  std::vector<double> cell_loss;     // mean over the cells; NaN when there is none

  // The values in the order of StepMeasure::columns.
  std::vector<double> Row() const;
};

// Makes a step's metrics of its losses. Immutable.
class StepMeasure {
 public:
  explicit StepMeasure(const TrainSpec& spec);

  // Of -log p [batch, n_answer].
  StepMetrics Of(const Questions& batch, const double* losses) const;

  // loss, digit_loss.A5 .., cell_count.BA .., cell_loss.BA ..; products have no cells.
  std::vector<std::string> columns() const;

 private:
  const Encoding encoding_;
  std::vector<std::string> cell_names_;
  std::array<size_t, 2> first_cell_{};  // of additions and subtractions in cell_names_
};

// Throws kNonFinite: NON_FINITE_LOSS, the message names the step.
[[noreturn]] void FailNonFinite(uint64_t step);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_TRAINING_STEP_METRICS_H_
