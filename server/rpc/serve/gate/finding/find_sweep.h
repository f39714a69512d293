#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_SWEEP_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_SWEEP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "storage/catalog/catalog.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::rpc {

// The sweep that `name` means to `caller`, as it was made: the one that the road has found already, sweeps/{sweep}, a
// unique prefix of an id, or sweeps/@last. INVALID_ARGUMENT RESOURCE_NAME_INVALID, AMBIGUOUS_PREFIX; NOT_FOUND
// SWEEP_NOT_FOUND.
absl::StatusOr<v1::Sweep> FindSweep(storage::Catalog* catalog, const auth::Caller& caller, const std::string& name);

// What a sweep that is not there, or not for the caller, is answered with: the same, whenever that turns out.
absl::Status SweepNotFound(const std::string& id);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_SWEEP_H_
