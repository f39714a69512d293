#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_RUN_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_RUN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// The run that `name` means to `caller`: the one that the road has found already, runs/{run}, a unique prefix of an id,
// looked for among `first` ones before others, or runs/@last.
// INVALID_ARGUMENT RESOURCE_NAME_INVALID, AMBIGUOUS_PREFIX; NOT_FOUND RUN_NOT_FOUND.
absl::StatusOr<v1::Run> FindRun(storage::Catalog* catalog, const auth::Caller& caller, const std::string& name,
                                storage::RunsFirst first);

// What a run that is not there, or not for the caller, is answered with: the same, whenever that turns out.
absl::Status RunNotFound(const std::string& id);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_RUN_H_
