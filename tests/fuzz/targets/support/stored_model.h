#ifndef SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_STORED_MODEL_H_
#define SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_STORED_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/run_file.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/worker/v1/link.pb.h"
#include "tests/fuzz/targets/support/protocol_model.h"

namespace sumscope::fuzz {

// What storage must hold of a task after messages that were believed: the oracle of TaskIntake, of which it knows
// nothing. A copy is a state to fall back to. Thread-compatible.
class StoredModel {
 public:
  struct Set {
    worker::v1::TensorSetBegin begin;
    std::string bytes;
    std::optional<double> heldout_loss;
  };

  // With what the task goes on from: a lost attempt's steps and checkpoints, or the checkpoint that is asked about.
  explicit StoredModel(const ProtocolModel::Task& task);
  void WriteInto(storage::RunFile* file) const;

  // The reason by which a message is refused that is no lie of the protocol; "" where it is not.
  std::string Refusal(const worker::v1::WorkerMessage& message) const;
  void Store(const worker::v1::WorkerMessage& message);
  // The line that a training's log ends with.
  void End(v1::State state);

  // Whether what makes a success is there.
  bool IsWhole(const ProtocolModel::Task& task) const;
  // Reads all of it: every checksum holds, nothing lacks and nothing is there besides.
  void RequireHeldBy(storage::RunFile* file) const;
  void RequireShownBy(const v1::Run& run) const;

  const std::map<uint64_t, Set>& weights() const { return weights_; }
  const std::optional<Set>& resume_state() const { return resume_state_; }
  const std::optional<Set>& capture() const { return capture_; }
  const v1::AnalysisResult& answer() const { return answer_; }

 private:
  using Rows = std::vector<std::vector<double>>;  // by step
  struct LogLine {
    std::string severity;
    std::optional<std::string> text;  // empty: the server's own words
    std::optional<uint64_t> checkpoint_step;
  };
  void StoreMetrics(const v1::MetricBlock& block);
  void StoreTiming(const v1::MetricBlock& block);
  void StoreSet(const worker::v1::TensorSetEnd& end);
  void RequireSets(storage::RunFile* file) const;
  void RequireLog(storage::RunFile* file) const;

  std::vector<std::string> columns_;  // empty before the first metrics
  Rows metrics_, timing_;
  std::map<uint64_t, Set> weights_;
  std::optional<Set> resume_state_, capture_, open_;
  std::vector<LogLine> log_;
  v1::AnalysisResult answer_;
};

// Bytes, sizes and order of a stored set's tensors are those that were sent.
void RequireSameTensors(const std::vector<storage::StoredTensor>& found, const worker::v1::TensorSetBegin& sent);

}  // namespace sumscope::fuzz

#endif  // SUMSCOPE_TESTS_FUZZ_TARGETS_SUPPORT_STORED_MODEL_H_
