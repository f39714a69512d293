#ifndef SUMSCOPE_SERVER_RPC_RUNS_CHECKPOINTS_H_
#define SUMSCOPE_SERVER_RPC_RUNS_CHECKPOINTS_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "storage/run_file.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// The stored weights that a request names: those after `step`, or the last. `file` is null when the run never started.
// FAILED_PRECONDITION RUN_HAS_NO_CHECKPOINT, and RUN_UNFINISHED when the last is asked of a run that still makes them;
// NOT_FOUND CHECKPOINT_NOT_FOUND naming those there are.
absl::StatusOr<storage::TensorSet> FindCheckpoint(const v1::Run& run, storage::RunFile* file,
                                                  std::optional<uint64_t> step);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_CHECKPOINTS_H_
