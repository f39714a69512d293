#include "server/worker/tasks/metric_buffer.h"

#include <algorithm>
#include <utility>

#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope::worker {

MetricBuffer::MetricBuffer(std::vector<std::string> columns, Clock* clock, TaskSink* sink)
    : columns_(std::move(columns)), clock_(clock), sink_(sink), last_flush_(clock->Monotonic()) {}

absl::Status MetricBuffer::Add(const engine::StepBlock& block, absl::Duration duration) {
  if (block.count == 0) return absl::OkStatus();
  if (metrics_.count() == 0) {
    metrics_.set_first_step(block.first_step);
    timing_.set_first_step(block.first_step);
  }
  const auto count = static_cast<double>(block.count);
  const double speed = count / absl::ToDoubleSeconds(std::max(duration, absl::Nanoseconds(1)));
  metrics_.mutable_values()->Add(block.values.begin(), block.values.end());
  timing_.mutable_values()->Resize(timing_.values_size() + static_cast<int>(block.count), speed);
  metrics_.set_count(metrics_.count() + static_cast<uint32_t>(block.count));
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
