#ifndef SUMSCOPE_SERVER_RPC_RUNS_ASKED_SPEC_H_
#define SUMSCOPE_SERVER_RPC_RUNS_ASKED_SPEC_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "server/rpc/serve/backend.h"
#include "storage/run_file.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::rpc {

// The complete spec that a model name, overridden by a spec, means; not validated. INVALID_ARGUMENT MODEL_MISSING where
// both say nothing, MODEL_NAME_INVALID.
absl::StatusOr<v1::TrainSpec> AskedSpec(const std::string& model_name, const v1::TrainSpec& spec);

// The run file; null for a run that never started, which has none.
absl::StatusOr<std::shared_ptr<storage::RunFile>> FileOf(const Backend& backend, const v1::Run& run);

// Completes spec.init_from of an insert mode to the checkpoint that it means, after checking that it fits. Returns its
// run. FAILED_PRECONDITION RUN_DELETED, USEFUL_NODES_MISSING; errors of ResolveRun, FindCheckpoint, CheckSourceFits.
absl::StatusOr<v1::Run> CompleteSource(const Backend& backend, const auth::Caller& caller, v1::TrainSpec* spec);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_ASKED_SPEC_H_
