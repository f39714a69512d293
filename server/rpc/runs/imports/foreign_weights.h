#ifndef SUMSCOPE_SERVER_RPC_RUNS_IMPORTS_FOREIGN_WEIGHTS_H_
#define SUMSCOPE_SERVER_RPC_RUNS_IMPORTS_FOREIGN_WEIGHTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/models/foreign_model.h"
#include "server/rpc/serve/transfer/incoming_room.h"
#include "server/rpc/serve/transfer/upload_spool.h"

namespace sumscope::rpc {

// The values of a foreign model, in our layout and type, read from an upload that must outlive it. A tensor that lies
// otherwise in the file is held whole, one at a time, in `room`'s memory. Confined to one thread.
class ForeignWeights {
 public:
  // `data_offset`: of the tensors' bytes in the upload. `room` outlives it.
  ForeignWeights(const UploadSpool& spool, uint64_t data_offset, ForeignModel model, IncomingRoom* room);

  const ForeignModel& model() const { return model_; }
  uint64_t total_bytes() const { return begins_.back(); }
  uint64_t TensorBytes(size_t tensor) const { return begins_[tensor + 1] - begins_[tensor]; }
  // Bytes [offset, offset + length) of all tensors one after another. RESOURCE_EXHAUSTED UPLOAD_MEMORY_FULL.
  absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length);

 private:
  // Elements [first, first + count) of one tensor.
  absl::StatusOr<std::string> Elements(size_t tensor, uint64_t first, uint64_t count);
  absl::StatusOr<std::string> Converted(const ForeignTensor& tensor, absl::string_view source, uint64_t source_first,
                                        uint64_t first, uint64_t count) const;

  const UploadSpool& spool_;
  const uint64_t data_offset_;
  const ForeignModel model_;
  const uint64_t element_bytes_;
  std::vector<uint64_t> begins_;  // of each tensor, and the end
  size_t held_ = SIZE_MAX;        // the tensor whose bytes in the file are in `held_bytes_`
  std::string held_bytes_;
  IncomingRoom::Hold memory_;  // for them
};

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_IMPORTS_FOREIGN_WEIGHTS_H_
