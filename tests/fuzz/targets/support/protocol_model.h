#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_PROTOCOL_MODEL_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_PROTOCOL_MODEL_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::fuzz {

// What a worker may say of one task, as link.proto has it, in the fewest words: the oracle of MessageCheck, of which it
// knows nothing. Thread-compatible.
class ProtocolModel {
 public:
  enum class Kind { kTraining, kAnalysis, kCapture };
  struct Task {
    Kind kind = Kind::kTraining;
    uint64_t first_step = 0, steps = 0;  // of a training
    std::string question;                // of the others: the field of their request and answer
    uint64_t checkpoint_step = 0;
    std::set<uint64_t> have_checkpoints;
  };
  explicit ProtocolModel(const Task& task)
      : task_(task), step_(task.first_step), timed_(task.first_step), weights_(task.have_checkpoints) {}

  // Why the message cannot be true after those that were believed; "" where it can.
  std::string Lie(const worker::v1::WorkerMessage& message) const;
  // Moves on by a message that is no lie.
  void Believe(const worker::v1::WorkerMessage& message);

  // What would come next, for a generator of honest messages.
  const Task& task() const { return task_; }
  uint64_t sequence() const { return sequence_; }
  bool started() const { return started_; }
  uint64_t step() const { return step_; }
  uint64_t timed() const { return timed_; }
  bool set_is_open() const { return bytes_left_.has_value(); }
  uint64_t bytes_left() const { return bytes_left_.value_or(0); }
  const worker::v1::TensorSetBegin& set() const { return set_; }  // the last one that began
  bool has_weights() const { return weights_.count(step_) > 0; }
  bool captured() const { return captured_; }
  bool answered() const { return answered_; }
  bool keeps_state() const { return task_.question == "evaluate"; }
  uint64_t counted() const { return counted_; }
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  bool of_training() const { return task_.kind == Kind::kTraining; }
  std::string LieOfStart(const worker::v1::Started& started) const;
  std::string LieOfMetrics(const v1::MetricBlock& block) const;
  std::string LieOfTiming(const v1::MetricBlock& block) const;
  std::string LieOfSet(const worker::v1::TensorSetBegin& begin) const;
  std::string LieOfSetEnd(const worker::v1::TensorSetEnd& end) const;
  std::string LieOfState(const worker::v1::AnalysisState& state) const;
  std::string LieOfAnswer(const v1::AnalysisResult& result) const;
  std::string LieOfEnd(const worker::v1::Finished& finished) const;

  const Task task_;
  uint64_t sequence_ = 0;
  bool started_ = false;
  uint64_t step_, timed_;
  std::vector<std::string> columns_;
  std::set<uint64_t> weights_;
  worker::v1::TensorSetBegin set_;
  std::optional<uint64_t> bytes_left_;  // of the set that is open
  bool captured_ = false, answered_ = false;
  uint64_t counted_ = 0;  // questions of the last state
  uint64_t log_lines_ = 0;
};

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_PROTOCOL_MODEL_H_
