#ifndef SUMSCOPE_SERVER_WORKER_TASKS_METRIC_BUFFER_H_
#define SUMSCOPE_SERVER_WORKER_TASKS_METRIC_BUFFER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/contract/base/clock.h"
#include "server/engine/training/trainer.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::worker {

// Gathers the rows of consecutive steps into messages: one of the deterministic series, one of timing.
// Thread-compatible.
class MetricBuffer {
 public:
  MetricBuffer(std::vector<std::string> columns, Clock* clock, TaskSink* sink);

  // The rows of steps that follow those added before; `duration` is how long they took together: the timing of each is
  // their mean. At most limits::kMetricFlushSteps. Sends when so many rows or limits::kMetricFlushInterval are reached.
  // UNAVAILABLE LINK_LOST, also of Flush.
  absl::Status Add(const engine::StepBlock& block, absl::Duration duration);
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
