#ifndef SUMSCOPE_SERVER_RPC_RUNS_WAITING_FOR_H_
#define SUMSCOPE_SERVER_RPC_RUNS_WAITING_FOR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "server/auth/caller.h"
#include "server/rpc/serve/backend.h"

namespace sumscope::rpc {

// The ids of the runs that CreateRunRequest.after names, each once. `run`: the id that the new one is to have, or "".
// INVALID_ARGUMENT DEPENDENCY_ON_ITSELF, TOO_MANY_DEPENDENCIES; errors of ResolveRun. How the runs stand is not asked.
absl::StatusOr<std::vector<std::string>> RunsToWaitFor(const Backend& backend, const auth::Caller& caller,
                                                       const std::string& run,
                                                       const google::protobuf::RepeatedPtrField<std::string>& after);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_WAITING_FOR_H_
