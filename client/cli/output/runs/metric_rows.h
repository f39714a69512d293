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
  // Formats table, wide, csv, json (an array) and jsonl.
  MetricRows(Format format, bool headers) : format_(format), headers_(headers) {}

  // Rows of `block`, each with the values of the same step of `extra` where it is not null; steps that `extra` lacks
  // have empty cells. DATA_LOSS METRICS_MALFORMED when the columns change.
  absl::StatusOr<std::string> Add(const v1::MetricBlock& block, const v1::MetricBlock* extra);
  // What closes the text.
  std::string End() const;

 private:
  std::string Header() const;
  std::string Row(uint64_t step, const std::vector<double>& values);

  const Format format_;
  const bool headers_;
  std::vector<std::string> columns_;
  bool started_ = false;
};

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_RUNS_METRIC_ROWS_H_
