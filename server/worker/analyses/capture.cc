#include "server/engine/probing/representations/capture.h"

#include <set>

#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/node_names.h"
#include "server/worker/analyses/analyses.h"
#include "server/worker/convert/tensors.h"

namespace sumscope::worker {
namespace {

namespace api = sumscope::v1;

// Thrown through the engine when the server is gone.
struct LinkLostError {
  absl::Status status;
};

// Sends what the engine captures to the server, which writes it to the capture's file.
class LinkSink final : public engine::CaptureSink {
 public:
  LinkSink(uint64_t step, TaskSink* sink) : step_(step), sink_(sink), writer_(sink) {}

  void Begin(const std::vector<engine::TensorInfo>& tensors) override {
    v1::WorkerMessage message;
    v1::TensorSetBegin* begin = message.mutable_tensor_set_begin();
    begin->set_kind(v1::CAPTURE);
    begin->set_step(step_);
    for (const engine::TensorInfo& tensor : tensors) {
      v1::TensorInfo* info = begin->add_tensors();
      info->set_name(tensor.name);
      info->set_dtype(tensor.dtype);
      for (const int64_t size : tensor.shape) info->add_shape(static_cast<uint64_t>(size));
      info->set_bytes(tensor.bytes());
    }
    Check(sink_->Send(std::move(message)));
  }
  void Bytes(const char* data, size_t size) override { Check(writer_.Write(data, size)); }

  absl::Status End() {
    SUMSCOPE_RETURN_IF_ERROR(writer_.Flush());
    v1::WorkerMessage message;
    message.mutable_tensor_set_end();
    return sink_->Send(std::move(message));
  }

 private:
  static void Check(absl::Status status) {
    if (!status.ok()) throw LinkLostError{std::move(status)};
  }
  const uint64_t step_;
  TaskSink* const sink_;
  ChunkWriter writer_;
};

absl::StatusOr<engine::CaptureRequest> RequestOf(const AnalysisInput& input) {
  const api::CaptureRequest& request = input.request().capture();
  engine::CaptureRequest own;
  std::set<std::string> seen;
  for (const std::string& pattern : request.hooks()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> hooks, MatchHooks(input.spec(), "hooks", pattern));
    for (const std::string& hook : hooks) {
      if (seen.insert(hook).second) own.hooks.push_back(hook);
    }
  }
  for (const std::string& text : request.positions()) {
    SUMSCOPE_ASSIGN_OR_RETURN(const uint32_t position, ParsePosition(input.spec(), "positions", text));
    own.positions.push_back(position);
  }
  own.reduction = request.reduction() == api::MEAN_OVER_QUESTIONS ? engine::CaptureReduction::kMeanOverQuestions
                  : request.reduction() == api::MEAN_PER_CLASS    ? engine::CaptureReduction::kMeanPerClass
                  : request.reduction() == api::COMPONENTS        ? engine::CaptureReduction::kComponents
                                                                  : engine::CaptureReduction::kNone;
  if (request.has_components()) own.components = request.components();
  return own;
}

}  // namespace

AnalysisOutcome RunCapture(const AnalysisInput& input) {
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::CaptureRequest request, RequestOf(input));
  LinkSink sink(input.task.step(), input.sink);
  engine::CaptureResult result;
  try {
    result = engine::Capture(input.model, *input.questions, request, &sink, input.progress);
  } catch (const LinkLostError& lost) {
    return lost.status;
  }
  SUMSCOPE_RETURN_IF_ERROR(sink.End());
  api::AnalysisResult outcome;
  api::CaptureResult* to = outcome.mutable_capture();
  for (const engine::TensorInfo& tensor : result.tensors) {
    api::CapturedTensor* converted = to->add_tensors();
    converted->set_name(tensor.name);
    converted->set_dtype(tensor.dtype);
    for (const int64_t size : tensor.shape) converted->add_shape(static_cast<uint64_t>(size));
    converted->set_bytes(tensor.bytes());
    to->set_bytes(to->bytes() + tensor.bytes());
  }
  for (const std::string& name : result.classes) to->add_classes(name);
  for (const int64_t position : result.positions) to->add_positions(static_cast<uint32_t>(position));
  return outcome;
}

}  // namespace sumscope::worker
