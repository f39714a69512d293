#include "server/jobs/intake/capture_intake.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/text/quote.h"
#include "server/jobs/intake/protocol_error.h"

namespace sumscope::jobs {

absl::Status CaptureIntake::Begin(const worker::v1::TensorSetBegin& begin) {
  std::vector<storage::StoredTensor> tensors;
  uint64_t bytes = 0;
  for (const worker::v1::TensorInfo& tensor : begin.tensors()) {
    tensors.push_back({tensor.name(), tensor.dtype(), {tensor.shape().begin(), tensor.shape().end()}, tensor.bytes()});
    bytes += tensor.bytes();
  }
  // Others may have filled the room since it was asked for.
  SUMSCOPE_RETURN_IF_ERROR(context_->capture_room.Take(AnalysisName(run_, analysis_), bytes));
  SUMSCOPE_ASSIGN_OR_RETURN(writer_, context_->captures->Create(run_, analysis_, tensors));
  return absl::OkStatus();
}

absl::Status CaptureIntake::Take(const worker::v1::WorkerMessage& message) {
  if (message.has_tensor_set_begin()) return Begin(message.tensor_set_begin());
  if (message.has_tensor_chunk()) return writer_->Append(message.tensor_chunk().data());
  SUMSCOPE_ASSIGN_OR_RETURN(tensors_, writer_->Finish());
  writer_.reset();
  context_->capture_room.Release(AnalysisName(run_, analysis_));
  return absl::OkStatus();
}

absl::Status CaptureIntake::Complete(v1::CaptureResult* result) const {
  if (static_cast<size_t>(result->tensors_size()) != tensors_.size()) {
    return ProtocolError(
        absl::StrCat("the result names ", result->tensors_size(), " tensors, ", tensors_.size(), " came"));
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const storage::CaptureTensor& stored = tensors_[i];
    v1::CapturedTensor* tensor = result->mutable_tensors(static_cast<int>(i));
    if (tensor->name() != stored.tensor.name) {
      return ProtocolError(
          absl::StrCat("the result names ", Quote(tensor->name()), " where ", Quote(stored.tensor.name), " came"));
    }
    tensor->set_dtype(stored.tensor.dtype);
    tensor->mutable_shape()->Assign(stored.tensor.shape.begin(), stored.tensor.shape.end());
    tensor->set_bytes(stored.tensor.bytes);
    tensor->set_offset(stored.offset);
    tensor->set_sha256(stored.sha256);
    bytes += stored.tensor.bytes;
  }
  result->set_bytes(bytes);
  return absl::OkStatus();
}

}  // namespace sumscope::jobs
