#ifndef SUMSCOPE_SERVER_JOBS_INTAKE_MESSAGE_CHECK_H_
#define SUMSCOPE_SERVER_JOBS_INTAKE_MESSAGE_CHECK_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/jobs/tasks/task_builder.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::jobs {

// Whether a worker may say what it says: the one place that looks at every message of a task before anything of it is
// stored, shown or counted on. A worker is another program, and may be broken, old or not ours at all.
//
// Goals: nothing of a message can wrap, loop, fill the disk or reach a reader as nonsense; what comes is what this task
// can send, in the order in which it can. Non-goals: whether the numbers are right; room, and what only the file knows.
//
// Thread-compatible.
class MessageCheck {
 public:
  explicit MessageCheck(const Assignment& assignment);

  // To be called with every message of the task, once, in order. INVALID_ARGUMENT WORKER_PROTOCOL: believe nothing
  // more.
  absl::Status Check(const worker::v1::WorkerMessage& message);

 private:
  absl::Status CheckBody(const worker::v1::WorkerMessage& message);
  absl::Status CheckStarted(const worker::v1::Started& started);
  absl::Status CheckMetrics(const v1::MetricBlock& block);
  absl::Status CheckTiming(const v1::MetricBlock& block);
  absl::Status CheckSetBegin(const worker::v1::TensorSetBegin& begin);
  absl::Status CheckChunk(const worker::v1::TensorChunk& chunk);
  absl::Status CheckSetEnd(const worker::v1::TensorSetEnd& end);
  absl::Status CheckLog(const worker::v1::LogText& log);
  absl::Status CheckProgress(const worker::v1::AnalysisProgress& progress) const;
  absl::Status CheckState(const worker::v1::AnalysisState& state);
  absl::Status CheckResult(const v1::AnalysisResult& result);

  // Of the task.
  const bool of_training_;
  const bool of_capture_;
  const bool keeps_state_;
  const std::string kind_;  // of the analysis
  const uint64_t steps_;
  const uint64_t first_step_;
  const uint64_t checkpoint_step_;  // of the analysis
  const uint64_t max_set_bytes_;    // of a training's weights or resume state

  // Of what came.
  uint64_t sequence_ = 0;
  bool started_ = false;
  uint64_t step_, timing_step_;
  std::vector<std::string> columns_;  // empty before the first metrics
  std::set<uint64_t> checkpoints_;    // steps whose weights are stored or came
  struct OpenSet {
    worker::v1::TensorSetKind kind;
    uint64_t bytes_left;
  };
  std::optional<OpenSet> open_set_;
  bool capture_came_ = false, result_came_ = false;
  uint64_t done_ = 0;  // questions, of the last state
  uint32_t log_lines_ = 0;
};

}  // namespace sumscope::jobs

#endif  // SUMSCOPE_SERVER_JOBS_INTAKE_MESSAGE_CHECK_H_
