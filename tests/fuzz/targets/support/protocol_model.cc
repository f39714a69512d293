#include "tests/fuzz/targets/support/protocol_model.h"

#include <algorithm>
#include <cmath>

#include "proto/contract/limits.h"
#include "proto/contract/safetensors/safetensors.h"
#include "storage/run_file.h"

namespace sumscope::fuzz {
namespace {

using worker::v1::WorkerMessage;

// More than the resume state of the paper's largest model that the target trains; and than any disk.
constexpr uint64_t kMaxTrainingBytes = uint64_t{1} << 28, kMaxCaptureBytes = uint64_t{1} << 40;
constexpr size_t kMaxName = 255, kMaxReason = 63;

bool IsPrintable(const std::string& text) {
  return text.size() <= kMaxName && std::none_of(text.begin(), text.end(), [](unsigned char c) {
           return c < 0x20 || c == 0x7f;  // no control character of ASCII
         });
}

bool IsOneOf(const std::string& text, const char* characters) {
  return text.find_first_not_of(characters) == std::string::npos;
}

constexpr char kColumnCharacters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
constexpr char kReasonCharacters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

// Of the tensors together; nothing where one is not what it says or they are more than `most`.
std::optional<uint64_t> BytesOf(const worker::v1::TensorSetBegin& begin, uint64_t most) {
  unsigned __int128 sum = 0;
  std::set<std::string> names;
  for (const worker::v1::TensorInfo& tensor : begin.tensors()) {
    unsigned __int128 bytes = SafetensorsElementBytes(tensor.dtype());
    if (bytes == 0) return std::nullopt;
    const bool is_empty = std::count(tensor.shape().begin(), tensor.shape().end(), 0) > 0;
    for (const uint64_t extent : tensor.shape()) bytes = std::min<unsigned __int128>(bytes * extent, UINT64_MAX);
    if ((is_empty ? 0 : bytes) != tensor.bytes()) return std::nullopt;
    if (tensor.name().empty() || !IsPrintable(tensor.name()) || !names.insert(tensor.name()).second) {
      return std::nullopt;
    }
    sum += tensor.bytes();
  }
  if (names.empty() || sum > most) return std::nullopt;
  return static_cast<uint64_t>(sum);
}

}  // namespace

std::string ProtocolModel::Lie(const WorkerMessage& message) const {
  const bool unnumbered = message.sequence() == 0 && message.has_analysis_progress();
  if (!unnumbered && message.sequence() != sequence_ + 1) return "a message is missing, or came twice";
  if (!started_ && !message.has_started() && !message.has_log() && !message.has_finished()) return "not yet started";
  switch (message.body_case()) {
    case WorkerMessage::kStarted:
      return LieOfStart(message.started());
    case WorkerMessage::kMetrics:
      return LieOfMetrics(message.metrics());
    case WorkerMessage::kTiming:
      return LieOfTiming(message.timing());
    case WorkerMessage::kTensorSetBegin:
      return LieOfSet(message.tensor_set_begin());
    case WorkerMessage::kTensorChunk: {
      const size_t size = message.tensor_chunk().data().size();
      return size > 0 && size <= limits::kMaxChunkBytes && size <= bytes_left() ? "" : "bytes that no tensor has";
    }
    case WorkerMessage::kTensorSetEnd:
      return LieOfSetEnd(message.tensor_set_end());
    case WorkerMessage::kLog:
      return log_lines_ < limits::kMaxTaskLogLines ? "" : "too many lines";
    case WorkerMessage::kAnalysisProgress: {
      const double fraction = message.analysis_progress().fraction();
      return !of_training() && fraction >= 0 && fraction < 1.001 ? "" : "a progress of nothing";
    }
    case WorkerMessage::kAnalysisState:
      return LieOfState(message.analysis_state());
    case WorkerMessage::kAnalysisResult:
      return LieOfAnswer(message.analysis_result());
    case WorkerMessage::kFinished:
      return LieOfEnd(message.finished());
    default:
      return "of no task";
  }
}

std::string ProtocolModel::LieOfStart(const worker::v1::Started& started) const {
  if (started_) return "started twice";
  if (of_training() && started.first_step() != task_.first_step) return "starts elsewhere";
  const v1::Attempt& from = started.provenance();
  const bool is_text = IsPrintable(from.host()) && IsPrintable(from.cpu_model()) && IsPrintable(from.isa_level()) &&
                       IsPrintable(from.device()) && IsPrintable(from.torch_version()) &&
                       IsPrintable(from.sumscope_version()) && IsPrintable(from.git_hash());
  return is_text && from.threads() <= 65'536 ? "" : "a worker like no other";
}

std::string ProtocolModel::LieOfMetrics(const v1::MetricBlock& block) const {
  const std::vector<std::string> columns(block.columns().begin(), block.columns().end());
  const std::set<std::string> distinct(columns.begin(), columns.end());
  if (!of_training() || block.first_step() != step_) return "steps that are not due";
  if (block.count() == 0 || block.count() > limits::kMetricBlockSteps || block.count() > task_.steps - step_) {
    return "steps that there are not";
  }
  if (distinct.size() != columns.size() || distinct.count("loss") == 0 || distinct.count("") > 0 ||
      columns.size() > storage::kMaxMetricColumns || (!columns_.empty() && columns != columns_)) {
    return "other columns";
  }
  for (const std::string& column : columns) {
    if (column.size() > kMaxName || !IsOneOf(column, kColumnCharacters)) return "no column";
  }
  if (static_cast<uint64_t>(block.values_size()) != block.count() * columns.size()) return "values of no step";
  const size_t loss = std::find(columns.begin(), columns.end(), "loss") - columns.begin();
  for (size_t i = loss; i < static_cast<size_t>(block.values_size()); i += columns.size()) {
    if (!std::isfinite(block.values(static_cast<int>(i)))) return "no loss";
  }
  return "";
}

std::string ProtocolModel::LieOfTiming(const v1::MetricBlock& block) const {
  if (!of_training() || block.first_step() != timed_) return "a time that is not due";
  if (block.count() == 0 || block.count() > limits::kMetricBlockSteps || block.count() > step_ - timed_) {
    return "a time of steps that were not made";
  }
  if (block.columns_size() != 1 || block.columns(0) != "steps_per_second") return "no time";
  if (static_cast<uint64_t>(block.values_size()) != block.count()) return "times of no step";
  for (const double speed : block.values()) {
    if (!std::isfinite(speed) || speed <= 0) return "no speed";
  }
  return "";
}

std::string ProtocolModel::LieOfSet(const worker::v1::TensorSetBegin& begin) const {
  if (set_is_open()) return "a set within another";
  if (of_training()) {
    if (begin.kind() != worker::v1::WEIGHTS && begin.kind() != worker::v1::RESUME_STATE) return "no set of a training";
    if (begin.step() != step_) return "a set of another step";
    if (begin.kind() == worker::v1::WEIGHTS && has_weights()) return "weights twice";
  } else {
    if (task_.kind != Kind::kCapture || begin.kind() != worker::v1::CAPTURE) return "no set of this analysis";
    if (begin.step() != task_.checkpoint_step || captured_) return "a capture of something else";
  }
  return BytesOf(begin, of_training() ? kMaxTrainingBytes : kMaxCaptureBytes) ? "" : "tensors that cannot be";
}

std::string ProtocolModel::LieOfSetEnd(const worker::v1::TensorSetEnd& end) const {
  if (!set_is_open() || bytes_left() > 0) return "an end that is none";
  if (!end.has_heldout_loss()) return "";
  return set_.kind() == worker::v1::WEIGHTS && std::isfinite(end.heldout_loss()) ? "" : "no held-out loss";
}

std::string ProtocolModel::LieOfState(const worker::v1::AnalysisState& state) const {
  if (of_training() || !keeps_state() || answered_) return "a state of nothing that goes on";
  if (state.state().empty() || state.state().size() > 131'072) return "no state, or too much of it";
  const bool is_text =
      std::none_of(state.fits().begin(), state.fits().end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (state.fits().empty() || state.fits().size() > 1024 || !is_text) return "a state of who knows what";
  return state.done() > counted_ && state.done() <= 1'000'000'000 ? "" : "a state that is not further on";
}

std::string ProtocolModel::LieOfAnswer(const v1::AnalysisResult& result) const {
  if (of_training()) return "nothing was asked";
  const auto* answer =
      result.GetReflection()->GetOneofFieldDescriptor(result, result.GetDescriptor()->FindOneofByName("kind"));
  if (answer == nullptr || answer->name() != task_.question || answered_) return "no answer to what was asked";
  return task_.kind == Kind::kAnalysis || captured_ ? "" : "an answer without its tensors";
}

std::string ProtocolModel::LieOfEnd(const worker::v1::Finished& finished) const {
  using worker::v1::Finished;
  const std::set<int> known = {Finished::DONE, Finished::FAILED, Finished::CANCELLED, Finished::STOPPED};
  if (known.count(finished.outcome()) == 0) return "no end";
  if (finished.outcome() == Finished::DONE && !started_) return "done without a start";
  return finished.reason().size() <= kMaxReason && IsOneOf(finished.reason(), kReasonCharacters) ? "" : "no reason";
}

void ProtocolModel::Believe(const WorkerMessage& message) {
  if (message.sequence() > 0) sequence_ = message.sequence();
  started_ |= message.has_started();
  if (message.has_metrics()) {
    step_ += message.metrics().count();
    columns_.assign(message.metrics().columns().begin(), message.metrics().columns().end());
  }
  timed_ += message.timing().count();
  if (message.has_tensor_set_begin()) {
    set_ = message.tensor_set_begin();
    bytes_left_ = BytesOf(set_, kMaxCaptureBytes);
    if (set_.kind() == worker::v1::WEIGHTS) weights_.insert(set_.step());
  }
  if (message.has_tensor_chunk()) *bytes_left_ -= message.tensor_chunk().data().size();
  if (message.has_tensor_set_end()) {
    captured_ |= set_.kind() == worker::v1::CAPTURE;
    bytes_left_.reset();
  }
  answered_ |= message.has_analysis_result();
  if (message.has_analysis_state()) counted_ = message.analysis_state().done();
  log_lines_ += message.has_log() ? 1 : 0;
}

}  // namespace sumscope::fuzz
