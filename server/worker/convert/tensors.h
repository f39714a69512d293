#ifndef SUMSCOPE_SERVER_WORKER_CONVERT_TENSORS_H_
#define SUMSCOPE_SERVER_WORKER_CONVERT_TENSORS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/model/weights.h"
#include "server/worker/link/task_sink.h"
#include "sumscope/worker/v1/link.pb.h"

namespace sumscope::worker {

// Sends begin, chunks of at most limits::kMaxChunkBytes and end. Tensors are float32, float64 or int64 on the CPU;
// INVALID_ARGUMENT TENSOR_DTYPE otherwise, UNAVAILABLE LINK_LOST.
absl::Status SendTensorSet(v1::TensorSetKind kind, uint64_t step, const engine::NamedTensors& tensors,
                           std::optional<double> heldout_loss, TaskSink* sink);

// Collects bytes into chunks of limits::kMaxChunkBytes. UNAVAILABLE LINK_LOST.
class ChunkWriter {
 public:
  explicit ChunkWriter(TaskSink* sink) : sink_(sink) {}

  absl::Status Write(const char* data, size_t size);
  // Sends what has not filled a chunk.
  absl::Status Flush();

 private:
  TaskSink* const sink_;
  std::string chunk_;
};

// The tensors that `begin` lists, read from their concatenated bytes (F32, F64, I64, U8). INVALID_ARGUMENT with
// `reason` when a dtype is unknown, a shape does not fit its bytes, or `data` has another length than the list.
absl::StatusOr<engine::NamedTensors> ReadTensors(const v1::TensorSetBegin& begin, absl::string_view data,
                                                 absl::string_view reason);

}  // namespace sumscope::worker

#endif  // SUMSCOPE_SERVER_WORKER_CONVERT_TENSORS_H_
