#include "server/jobs/intake/message_check.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/models/model_shapes.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/intake/protocol_error.h"

namespace sumscope::jobs {
namespace {

constexpr size_t kMaxName = 255;  // bytes of a tensor's, a column's, a machine's name
constexpr size_t kMaxReason = 63;
constexpr size_t kMaxFits = 1024;
constexpr int kMaxTensors = 100'000;
constexpr int kMaxDimensions = 8;
constexpr uint32_t kMaxThreads = 65'536;
constexpr char kSpeed[] = "steps_per_second";

// Text that a terminal, a csv line and a file's row can take: no control characters.
bool IsName(const std::string& text) { return text.size() <= kMaxName && !HasControlCharacter(text); }

bool IsColumn(const std::string& text) {
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.') return false;
  }
  return !text.empty() && text.size() <= kMaxName;
}

bool IsReason(const std::string& text) {
  for (const char c : text) {
    if (!absl::ascii_isupper(static_cast<unsigned char>(c)) && !absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
        c != '_') {
      return false;
    }
  }
  return text.size() <= kMaxReason;
}

// Weights, two moments and what GrokFast keeps are four; twice that in 64 bits, and something for names and scalars.
uint64_t MaxSetBytes(const Assignment& assignment) {
  constexpr uint64_t kBytesPerParameter = 8 * sizeof(double), kBesides = 1 << 20;
  uint64_t parameters = 0;
  for (const SafetensorsTensor& tensor : ModelTensors(assignment.task.train().spec())) {
    uint64_t elements = 1;
    for (const uint64_t extent : tensor.shape) elements *= extent;
    parameters += elements;
  }
  return parameters * kBytesPerParameter + kBesides;
}

// Rows [first, end) of a block that follow `next` and end by `last`; a sum of theirs cannot wrap.
absl::Status CheckRows(const v1::MetricBlock& block, uint64_t next, uint64_t last) {
  if (block.count() == 0 || block.count() > limits::kMetricBlockSteps) {
    return ProtocolError(absl::StrCat("a block of ", block.count(), " steps came"));
  }
  if (block.first_step() != next || block.count() > last - next) {
    return ProtocolError(absl::StrCat("a block of ", block.count(), " steps from step ", block.first_step(),
                                      " on came where that of step ", next, " was due, of ", last));
  }
  if (block.columns().empty() || block.columns_size() > storage::kMaxMetricColumns ||
      static_cast<uint64_t>(block.values_size()) != uint64_t{block.count()} * block.columns_size()) {
    return ProtocolError("a metric block's values do not fit it");
  }
  return absl::OkStatus();
}

// The tensors' bytes together; each is what its shape and type say, under a name of its own.
absl::StatusOr<uint64_t> TensorBytes(const worker::v1::TensorSetBegin& begin, uint64_t most) {
  if (begin.tensors().empty() || begin.tensors_size() > kMaxTensors) {
    return ProtocolError(absl::StrCat("a set of ", begin.tensors_size(), " tensors came"));
  }
  std::set<std::string> names;
  uint64_t sum = 0;
  for (const worker::v1::TensorInfo& tensor : begin.tensors()) {
    uint64_t bytes = SafetensorsElementBytes(tensor.dtype());
    if (bytes == 0 || tensor.shape_size() > kMaxDimensions) return ProtocolError("a tensor of unknown type came");
    for (const uint64_t extent : tensor.shape()) {
      if (extent > 0 && bytes > most / extent) return ProtocolError("a tensor is larger than what the task can make");
      bytes *= extent;
    }
    if (tensor.name().empty() || !IsName(tensor.name()) || !names.insert(tensor.name()).second) {
      return ProtocolError("a tensor's name is none, or there twice");
    }
    if (tensor.bytes() != bytes) return ProtocolError("a tensor's bytes are not those of its shape and type");
    if (bytes > most - sum) return ProtocolError("a tensor set is larger than what the task can make");
    sum += bytes;
  }
  return sum;
}

}  // namespace

MessageCheck::MessageCheck(const Assignment& assignment)
    : of_training_(assignment.analysis_id.empty()),
      of_capture_(KindOf(assignment.analysis.request()).writes_capture()),
      keeps_state_(!of_training_ && KindOf(assignment.analysis.request()).keeps_state()),
      kind_(KindOf(assignment.analysis.request()).name()),
      steps_(assignment.steps),
      first_step_(assignment.task.train().first_step()),
      checkpoint_step_(assignment.task.analysis().step()),
      max_set_bytes_(of_training_ ? MaxSetBytes(assignment) : uint64_t{1} << 40),
      step_(first_step_),
      timing_step_(first_step_),
      checkpoints_(assignment.task.train().have_checkpoints().begin(),
                   assignment.task.train().have_checkpoints().end()) {}

absl::Status MessageCheck::Check(const worker::v1::WorkerMessage& message) {
  // Without a number: a progress that the next one supersedes.
  if (message.sequence() == 0 ? !message.has_analysis_progress() : message.sequence() != ++sequence_) {
    return ProtocolError(
        absl::StrCat("message ", message.sequence(), " came where number ", sequence_, " was due: some are missing"));
  }
  if (!started_ && !message.has_started() && !message.has_log() && !message.has_finished()) {
    return ProtocolError("the task sent something before it started");
  }
  return CheckBody(message);
}

absl::Status MessageCheck::CheckBody(const worker::v1::WorkerMessage& message) {
  using Message = worker::v1::WorkerMessage;
  switch (message.body_case()) {
    case Message::kStarted:
      return CheckStarted(message.started());
    case Message::kMetrics:
      return CheckMetrics(message.metrics());
    case Message::kTiming:
      return CheckTiming(message.timing());
    case Message::kTensorSetBegin:
      return CheckSetBegin(message.tensor_set_begin());
    case Message::kTensorChunk:
      return CheckChunk(message.tensor_chunk());
    case Message::kTensorSetEnd:
      return CheckSetEnd(message.tensor_set_end());
    case Message::kLog:
      return CheckLog(message.log());
    case Message::kAnalysisProgress:
      return CheckProgress(message.analysis_progress());
    case Message::kAnalysisState:
      return CheckState(message.analysis_state());
    case Message::kAnalysisResult:
      return CheckResult(message.analysis_result());
    case Message::kFinished:
      if (message.finished().outcome() < worker::v1::Finished::DONE ||
          message.finished().outcome() > worker::v1::Finished::STOPPED) {
        return ProtocolError("the task ended in an unknown way");
      }
      if (message.finished().outcome() == worker::v1::Finished::DONE && !started_) {
        return ProtocolError("the task is done and never started");
      }
      return IsReason(message.finished().reason()) ? absl::OkStatus() : ProtocolError("the reason of the end is none");
    default:
      return ProtocolError("a message came that no task sends");
  }
}

absl::Status MessageCheck::CheckStarted(const worker::v1::Started& started) {
  if (started_) return ProtocolError("the task started twice");
  started_ = true;
  if (of_training_ && started.first_step() != first_step_) {
    return ProtocolError(
        absl::StrCat("the training starts at step ", started.first_step(), " instead of ", first_step_));
  }
  const v1::Attempt& from = started.provenance();
  for (const std::string& text : {from.host(), from.cpu_model(), from.isa_level(), from.device(), from.torch_version(),
                                  from.sumscope_version(), from.git_hash()}) {
    if (!IsName(text)) return ProtocolError("the worker's account of itself is no text");
  }
  return from.threads() <= kMaxThreads ? absl::OkStatus() : ProtocolError("the worker claims too many threads");
}

absl::Status MessageCheck::CheckMetrics(const v1::MetricBlock& block) {
  if (!of_training_) return ProtocolError("an analysis sent metrics");
  SUMSCOPE_RETURN_IF_ERROR(CheckRows(block, step_, steps_));
  if (columns_.empty()) {
    std::set<std::string> seen;
    for (const std::string& column : block.columns()) {
      if (!IsColumn(column) || !seen.insert(column).second) {
        return ProtocolError("a metric's column has no name, or one that is there twice");
      }
    }
    if (seen.count("loss") == 0) return ProtocolError("a metric block has no loss");
    columns_.assign(block.columns().begin(), block.columns().end());
  } else if (columns_ != std::vector<std::string>(block.columns().begin(), block.columns().end())) {
    return ProtocolError("the metrics' columns changed");
  }
  for (int i = 0; i < block.values_size(); ++i) {
    if (columns_[i % columns_.size()] == "loss" && !std::isfinite(block.values(i))) {
      return ProtocolError("a loss is no finite number");
    }
  }
  step_ += block.count();
  return absl::OkStatus();
}

absl::Status MessageCheck::CheckTiming(const v1::MetricBlock& block) {
  if (!of_training_) return ProtocolError("an analysis sent timing");
  SUMSCOPE_RETURN_IF_ERROR(CheckRows(block, timing_step_, step_));
  if (block.columns_size() != 1 || block.columns(0) != kSpeed) return ProtocolError("timing has one column, the speed");
  for (const double speed : block.values()) {
    if (!std::isfinite(speed) || speed <= 0) return ProtocolError("a speed is no positive number");
  }
  timing_step_ += block.count();
  return absl::OkStatus();
}

absl::Status MessageCheck::CheckSetBegin(const worker::v1::TensorSetBegin& begin) {
  if (open_set_.has_value()) return ProtocolError("a tensor set began inside another");
  const bool weights = begin.kind() == worker::v1::WEIGHTS;
  if (of_training_ ? !weights && begin.kind() != worker::v1::RESUME_STATE
                   : !of_capture_ || begin.kind() != worker::v1::CAPTURE) {
    return ProtocolError("a tensor set came of a kind that this task does not send");
  }
  if (const uint64_t due = of_training_ ? step_ : checkpoint_step_; begin.step() != due) {
    return ProtocolError(absl::StrCat("tensors of step ", begin.step(), " came at step ", due));
  }
  // Answers about a checkpoint are kept by its hash: it is sent once.
  if (weights && !checkpoints_.insert(begin.step()).second) return ProtocolError("a checkpoint came twice");
  if (of_capture_ && capture_came_) return ProtocolError("a second capture came");
  SUMSCOPE_ASSIGN_OR_RETURN(const uint64_t bytes, TensorBytes(begin, max_set_bytes_));
  open_set_ = OpenSet{begin.kind(), bytes};
  return absl::OkStatus();
}

absl::Status MessageCheck::CheckChunk(const worker::v1::TensorChunk& chunk) {
  if (!open_set_.has_value()) return ProtocolError("a tensor chunk came without a tensor set");
  if (chunk.data().empty() || chunk.data().size() > limits::kMaxChunkBytes) {
    return ProtocolError(absl::StrCat("a chunk of ", chunk.data().size(), " bytes came"));
  }
  if (chunk.data().size() > open_set_->bytes_left) return ProtocolError("more bytes came than the tensors have");
  open_set_->bytes_left -= chunk.data().size();
  return absl::OkStatus();
}

absl::Status MessageCheck::CheckSetEnd(const worker::v1::TensorSetEnd& end) {
  if (!open_set_.has_value()) return ProtocolError("a tensor set ended that did not begin");
  if (open_set_->bytes_left > 0) {
    return ProtocolError(absl::StrCat(open_set_->bytes_left, " bytes of the tensors are missing"));
  }
  if (end.has_heldout_loss() && (open_set_->kind != worker::v1::WEIGHTS || !std::isfinite(end.heldout_loss()))) {
    return ProtocolError("a held-out loss is no finite number, or not of a checkpoint");
  }
  if (of_capture_) capture_came_ = true;
  open_set_.reset();
  return absl::OkStatus();
}

absl::Status MessageCheck::CheckLog(const worker::v1::LogText&) {
  if (++log_lines_ <= limits::kMaxTaskLogLines) return absl::OkStatus();
  return ProtocolError(absl::StrCat("more than ", limits::kMaxTaskLogLines, " lines came for the log"));
}

absl::Status MessageCheck::CheckProgress(const worker::v1::AnalysisProgress& progress) const {
  if (of_training_) return ProtocolError("a training sent the progress of an analysis");
  const double fraction = progress.fraction();
  constexpr double kRounding = 1e-6;  // a sum of shares may end a little above one
  return fraction >= 0 && fraction <= 1 + kRounding ? absl::OkStatus()
                                                    : ProtocolError("a progress is not between 0 and 1");
}

absl::Status MessageCheck::CheckState(const worker::v1::AnalysisState& state) {
  if (!keeps_state_) return ProtocolError("a state came from a task that keeps none");
  if (result_came_) return ProtocolError("a state came after the result");
  if (state.state().empty() || state.state().size() > limits::kMaxAnalysisStateBytes) {
    return ProtocolError(absl::StrCat("a state of ", state.state().size(), " bytes came"));
  }
  if (state.fits().empty() || state.fits().size() > kMaxFits || HasControlCharacter(state.fits())) {
    return ProtocolError("a state does not say of what it is");
  }
  if (state.done() <= done_ || state.done() > limits::kMaxQuestions) {
    return ProtocolError(absl::StrCat("a state of ", state.done(), " questions came after one of ", done_));
  }
  done_ = state.done();
  return absl::OkStatus();
}

absl::Status MessageCheck::CheckResult(const v1::AnalysisResult& result) {
  if (of_training_) return ProtocolError("a training sent the result of an analysis");
  if (result_came_) return ProtocolError("a second result came");
  result_came_ = true;
  const auto* answer =
      result.GetReflection()->GetOneofFieldDescriptor(result, result.GetDescriptor()->FindOneofByName("kind"));
  if (answer == nullptr || answer->name() != kind_) {
    return ProtocolError(absl::StrCat("the answer is ", answer == nullptr ? "none" : answer->name(), " where that of ",
                                      kind_, " was asked"));
  }
  if (of_capture_ && !capture_came_) return ProtocolError("the result of a capture came before its tensors");
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
