#ifndef SUMSCOPE_TESTS_SERVER_WORKER_RECORDING_SINK_H_
#define SUMSCOPE_TESTS_SERVER_WORKER_RECORDING_SINK_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/worker/link/task_sink.h"
#include "server/worker/tasks/task.h"

namespace sumscope::worker {

// A set of tensors as it arrived, and how many rows of metrics had arrived when it began.
struct SentSet {
  v1::TensorSetBegin begin;
  std::string data;
  std::optional<double> heldout_loss;
  uint64_t rows_before = 0;
  bool complete = false;
};

// A server that commits at once: takes messages apart into what a run file would hold.
class RecordingSink : public TaskSink {
 public:
  // Called after each message; may interrupt the task.
  std::function<void(const v1::WorkerMessage&)> on_message = [](const v1::WorkerMessage&) {};

  absl::Status Send(v1::WorkerMessage message) override {
    Take(message);
    messages.push_back(message);
    on_message(message);
    return absl::OkStatus();
  }
  absl::Status WaitUntilAcknowledged() override {
    ++waits;
    return absl::OkStatus();
  }

  std::vector<uint64_t> Steps(v1::TensorSetKind kind) const {
    std::vector<uint64_t> steps;
    for (const SentSet& set : sets) {
      if (set.begin.kind() == kind) steps.push_back(set.begin.step());
    }
    return steps;
  }
  const SentSet* Find(v1::TensorSetKind kind, uint64_t step) const {
    for (const SentSet& set : sets) {
      if (set.begin.kind() == kind && set.begin.step() == step) return &set;
    }
    return nullptr;
  }

  std::vector<v1::WorkerMessage> messages;
  std::vector<SentSet> sets;
  std::vector<uint64_t> steps, timing_steps;  // one entry a row
  std::vector<double> values;                 // of the deterministic series
  std::vector<double> steps_per_second;
  std::vector<std::string> columns;
  std::optional<v1::Started> started;
  std::optional<sumscope::v1::AnalysisResult> result;
  int waits = 0;

 private:
  void Take(const v1::WorkerMessage& message) {
    if (message.has_started()) started = message.started();
    if (message.has_analysis_result()) result = message.analysis_result();
    if (message.has_metrics()) {
      const sumscope::v1::MetricBlock& block = message.metrics();
      for (uint32_t i = 0; i < block.count(); ++i) steps.push_back(block.first_step() + i);
      values.insert(values.end(), block.values().begin(), block.values().end());
      columns.assign(block.columns().begin(), block.columns().end());
    }
    if (message.has_timing()) {
      const sumscope::v1::MetricBlock& block = message.timing();
      for (uint32_t i = 0; i < block.count(); ++i) timing_steps.push_back(block.first_step() + i);
      steps_per_second.insert(steps_per_second.end(), block.values().begin(), block.values().end());
    }
    if (message.has_tensor_set_begin()) sets.push_back({message.tensor_set_begin(), "", {}, steps.size(), false});
    if (message.has_tensor_chunk()) sets.back().data += message.tensor_chunk().data();
    if (message.has_tensor_set_end()) {
      sets.back().complete = true;
      if (message.tensor_set_end().has_heldout_loss()) {
        sets.back().heldout_loss = message.tensor_set_end().heldout_loss();
      }
    }
  }
};

// Runs a task on one thread of the CPU.
inline v1::Finished Perform(const TaskInput& input, RecordingSink* sink) { return RunTask(input, {"cpu", 1}, sink); }

}  // namespace sumscope::worker

#endif  // SUMSCOPE_TESTS_SERVER_WORKER_RECORDING_SINK_H_
