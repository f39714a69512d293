#include "server/worker/tasks/metric_buffer.h"

#include <algorithm>
#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::worker {

MetricBuffer::MetricBuffer(std::vector<std::string> columns, Clock* clock, TaskSink* sink)
    : columns_(std::move(columns)), clock_(clock), sink_(sink), last_flush_(clock->Monotonic()) {}

absl::Status MetricBuffer::Add(uint64_t step, const std::vector<double>& row, absl::Duration duration) {
  if (metrics_.count() == 0) {
    metrics_.set_first_step(step);
    timing_.set_first_step(step);
  }
  metrics_.mutable_values()->Add(row.begin(), row.end());
  timing_.add_values(1 / absl::ToDoubleSeconds(std::max(duration, absl::Nanoseconds(1))));
  metrics_.set_count(metrics_.count() + 1);
  timing_.set_count(metrics_.count());
  const bool due = metrics_.count() >= limits::kMetricFlushSteps ||
                   clock_->Monotonic() - last_flush_ >= limits::kMetricFlushInterval;
  return due ? Flush() : absl::OkStatus();
}

absl::Status MetricBuffer::Flush() {
  last_flush_ = clock_->Monotonic();
  if (metrics_.count() == 0) return absl::OkStatus();
  v1::WorkerMessage metrics, timing;
  metrics_.mutable_columns()->Add(columns_.begin(), columns_.end());
  timing_.add_columns("steps_per_second");
  metrics.mutable_metrics()->Swap(&metrics_);
  timing.mutable_timing()->Swap(&timing_);
  SUMSCOPE_RETURN_IF_ERROR(sink_->Send(std::move(metrics)));
  return sink_->Send(std::move(timing));
}

}  // namespace sumscope::worker
