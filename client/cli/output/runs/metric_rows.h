#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_METRIC_ROWS_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_METRIC_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/app/session.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::client {

// Writes metric blocks as text, one row a step: equal blocks give equal bytes, however a stream cuts them. Counts are
// whole numbers, other values the shortest text that reads back the same, NaN an empty cell or null. Thread-compatible.
class MetricRows {
 public:
  // Formats table, wide, csv, json (an array) and jsonl. A table's lines have at most `width` columns, 0 for unlimited.
  MetricRows(Format format, bool headers, int width) : format_(format), headers_(headers), width_(width) {}

  // Rows of `block`, each with the values of the same step of `extra` where it is not null; steps that `extra` lacks
  // have empty cells. DATA_LOSS METRICS_MALFORMED when the columns change.
  absl::StatusOr<std::string> Add(const v1::MetricBlock& block, const v1::MetricBlock* extra);
  // The header of a series that turned out to have no row, of csv and tables; "" after rows.
  std::string HeaderAlone(const std::vector<std::string>& columns);
  // A row was written.
  bool started() const { return started_; }
  // What closes the text; of a table without room for all its columns, which they are.
  std::string End() const;

 private:
  std::string Header() const;
  // How many columns a line of a table has room for.
  size_t Shown() const;
  std::string Row(uint64_t step, const std::vector<double>& values);

  const Format format_;
  const bool headers_;
  const int width_;
  std::vector<std::string> columns_;
  bool started_ = false;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_METRIC_ROWS_H_
