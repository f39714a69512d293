// What each message of a worker changes: the part of TaskIntake that runs within a write of the run file. What comes
// here has passed MessageCheck.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "server/jobs/intake/task_intake.h"

namespace sumscope::jobs {
namespace {

// Moves the mean time of a step on by one step, so that a single slow one does not double a progress bar's estimate.
void Smooth(double speed, std::optional<double>* mean) {
  constexpr double kMemory = 100;  // steps
  *mean = mean->has_value() ? 1 / (1 / **mean + (1 / speed - 1 / **mean) / kMemory) : speed;
}

}  // namespace

absl::Status TaskIntake::Apply(const worker::v1::WorkerMessage& message, storage::RunFileTransaction& transaction,
                               State* state) {
  using Message = worker::v1::WorkerMessage;
  switch (message.body_case()) {
    case Message::kMetrics:
      return ApplyMetrics(message.metrics(), transaction, state);
    case Message::kTiming:
      return ApplyTiming(message.timing(), transaction, state);
    case Message::kTensorSetBegin:
      return BeginSet(message.tensor_set_begin(), transaction, state);
    case Message::kTensorChunk:
      return transaction.AppendTensorBytes(*state->open_set, message.tensor_chunk().data());
    case Message::kTensorSetEnd:
      return EndSet(message.tensor_set_end(), transaction, state);
    case Message::kAnalysisResult:
      return ApplyResult(message.analysis_result(), transaction, state);
    case Message::kLog:
      return Log(transaction, message.log().severity(), message.log().text());
    default:
      return absl::OkStatus();
  }
}

absl::Status TaskIntake::ApplyResult(const v1::AnalysisResult& result, storage::RunFileTransaction& transaction,
                                     State* state) {
  state->result = result;
  if (capture_ != nullptr) SUMSCOPE_RETURN_IF_ERROR(capture_->Complete(state->result.mutable_capture()));
  v1::Analysis answered = assignment_.analysis;
  answered.set_state(v1::RUNNING);
  *answered.mutable_result() = state->result;
  return transaction.PutAnalysis(answered);
}

absl::Status TaskIntake::ApplyMetrics(const v1::MetricBlock& block, storage::RunFileTransaction& transaction,
                                      State* state) {
  const std::optional<double> loss = LastValue(block, "loss");
  std::optional<uint64_t> diverged;
  SUMSCOPE_RETURN_IF_ERROR(transaction.AppendMetrics(storage::Series::kDeterministic, block, &diverged));
  if (diverged.has_value()) {
    SUMSCOPE_RETURN_IF_ERROR(Log(transaction, "WARNING",
                                 absl::StrCat("RESUME_DIVERGED at step ", *diverged,
                                              ": recomputed metrics differ from those before the resume")));
  }
  state->step = block.first_step() + block.count();
  state->loss = loss;
  state->progressed = true;
  if (state->step >= state->facts.steps_done) {
    state->facts.steps_done = state->step;
    state->facts.loss = loss;
  }
  return absl::OkStatus();
}

absl::Status TaskIntake::ApplyTiming(const v1::MetricBlock& block, storage::RunFileTransaction& transaction,
                                     State* state) {
  for (const double speed : block.values()) {
    Smooth(speed, &state->steps_per_second);
    state->step_seconds += 1 / speed;
  }
  std::optional<uint64_t> ignored;  // another attempt is faster or slower
  // What a lost worker measured and did not send any more is unknown: NaN.
  while (state->facts.timing_steps < block.first_step()) {
    const uint64_t missing = block.first_step() - state->facts.timing_steps;
    v1::MetricBlock unknown;
    unknown.set_first_step(state->facts.timing_steps);
    unknown.set_count(static_cast<uint32_t>(std::min<uint64_t>(missing, limits::kMetricBlockSteps)));
    *unknown.mutable_columns() = block.columns();
    unknown.mutable_values()->Resize(static_cast<int>(unknown.count()) * block.columns_size(),
                                     std::numeric_limits<double>::quiet_NaN());
    SUMSCOPE_RETURN_IF_ERROR(transaction.AppendMetrics(storage::Series::kTiming, unknown, &ignored));
    state->facts.timing_steps += unknown.count();
  }
  state->facts.timing_steps = std::max(state->facts.timing_steps, block.first_step() + block.count());
  return transaction.AppendMetrics(storage::Series::kTiming, block, &ignored);
}

absl::Status TaskIntake::BeginSet(const worker::v1::TensorSetBegin& begin, storage::RunFileTransaction& transaction,
                                  State* state) {
  std::vector<storage::StoredTensor> tensors;
  for (const worker::v1::TensorInfo& tensor : begin.tensors()) {
    tensors.push_back({tensor.name(), tensor.dtype(), {tensor.shape().begin(), tensor.shape().end()}, tensor.bytes()});
  }
  state->open_kind =
      begin.kind() == worker::v1::WEIGHTS ? storage::TensorSetKind::kWeights : storage::TensorSetKind::kResumeState;
  state->open_step = begin.step();
  SUMSCOPE_ASSIGN_OR_RETURN(
      state->open_set, transaction.BeginTensorSet(state->open_kind, begin.step(), tensors, context_->clock->Now()));
  return absl::OkStatus();
}

absl::Status TaskIntake::EndSet(const worker::v1::TensorSetEnd& end, storage::RunFileTransaction& transaction,
                                State* state) {
  std::optional<double> heldout_loss;
  if (end.has_heldout_loss()) heldout_loss = end.heldout_loss();
  SUMSCOPE_RETURN_IF_ERROR(transaction.FinishTensorSet(*state->open_set, heldout_loss));
  state->open_set.reset();
  if (state->open_kind != storage::TensorSetKind::kWeights) return absl::OkStatus();
  state->facts.heldout_loss = heldout_loss;
  state->facts.checkpoint_step = state->open_step;
  state->catalog_is_behind = true;
  return Log(transaction, "INFO", absl::StrCat("checkpoint at step ", state->open_step), state->open_step);
}

absl::Status TaskIntake::Log(storage::RunFileTransaction& transaction, const std::string& severity,
                             const std::string& text, std::optional<uint64_t> checkpoint_step) {
  storage::LogEntry entry;
  entry.time = context_->clock->Now();
  entry.severity = severity == "WARNING" || severity == "ERROR" ? severity : "INFO";
  entry.text = Bounded(text);
  entry.checkpoint_step = checkpoint_step;
  return transaction.AppendLog(entry).status();
}

}  // namespace sumscope::jobs
