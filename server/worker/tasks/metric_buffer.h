#ifndef SUMSCOPE_SERVER_WORKER_TASKS_METRIC_BUFFER_H_
#define SUMSCOPE_SERVER_WORKER_TASKS_METRIC_BUFFER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::worker {

// Gathers the rows of consecutive steps into blocks: one of the deterministic series, one of timing. Thread-compatible.
class MetricBuffer {
 public:
  MetricBuffer(std::vector<std::string> columns, Clock* clock, TaskSink* sink);

  // Row of step `step` (0 is the first), `duration` is how long the step took. Sends when limits::kMetricFlushSteps
  // rows or limits::kMetricFlushInterval are reached. UNAVAILABLE LINK_LOST, also of Flush.
  absl::Status Add(uint64_t step, const std::vector<double>& row, absl::Duration duration);
  absl::Status Flush();

 private:
  const std::vector<std::string> columns_;
  Clock* const clock_;
  TaskSink* const sink_;
  sumscope::v1::MetricBlock metrics_, timing_;
  absl::Duration last_flush_;
};

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_TASKS_METRIC_BUFFER_H_
