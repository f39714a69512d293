#include "server/engine/training/step_metrics.h"

#include <limits>

#include "server/engine/data/classes.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {

std::vector<double> StepMetrics::Row() const {
  std::vector<double> row = {loss};
  row.insert(row.end(), digit_loss.begin(), digit_loss.end());
  row.insert(row.end(), cell_count.begin(), cell_count.end());
  row.insert(row.end(), cell_loss.begin(), cell_loss.end());
  return row;
}

StepMeasure::StepMeasure(const TrainSpec& spec) : encoding_(spec.n_digits, spec.format) {
  for (const Operation op : OperationsOf(spec.operation)) {
    if (op == Operation::kMul) continue;
    first_cell_[static_cast<size_t>(op)] = cell_names_.size();
    for (const char* cell : CellNames(op)) cell_names_.emplace_back(cell);
  }
}

StepMetrics StepMeasure::Of(const Questions& batch, const double* losses) const {
  const int rows = encoding_.n_answer();
  StepMetrics metrics;
  metrics.digit_loss.assign(static_cast<size_t>(rows), 0);
  metrics.cell_count.assign(cell_names_.size(), 0);
  metrics.cell_loss.assign(cell_names_.size(), 0);
  for (size_t q = 0; q < batch.size(); ++q) {
    const double* own = losses + q * static_cast<size_t>(rows);
    for (int j = 0; j < rows; ++j) metrics.digit_loss[static_cast<size_t>(j)] += own[j];
    if (batch[q].op == Operation::kMul) continue;
    const Columns columns = ColumnsOf(batch[q]);
    const size_t first_cell = first_cell_[static_cast<size_t>(batch[q].op)];
    for (int i = 0; i < encoding_.n_digits(); ++i) {
      const size_t cell = first_cell + columns.cell[i];
      ++metrics.cell_count[cell];
      metrics.cell_loss[cell] += own[encoding_.answer_index(i)];
    }
  }
  for (double& digit_loss : metrics.digit_loss) {
    digit_loss /= static_cast<double>(batch.size());
    metrics.loss += digit_loss / rows;
  }
  for (size_t c = 0; c < cell_names_.size(); ++c) {
    metrics.cell_loss[c] = metrics.cell_count[c] == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                      : metrics.cell_loss[c] / metrics.cell_count[c];
  }
  return metrics;
}

std::vector<std::string> StepMeasure::columns() const {
  std::vector<std::string> columns = {"loss"};
  for (const std::string& digit : encoding_.digit_names()) columns.push_back("digit_loss." + digit);
  for (const std::string& cell : cell_names_) columns.push_back("cell_count." + cell);
  for (const std::string& cell : cell_names_) columns.push_back("cell_loss." + cell);
  return columns;
}

void FailNonFinite(uint64_t step) {
  throw Error(ErrorKind::kNonFinite, "NON_FINITE_LOSS", "the loss of step " + std::to_string(step) + " is not finite");
}

}  // namespace sumscope::engine
