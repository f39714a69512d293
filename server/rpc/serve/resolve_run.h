#ifndef SUMSCOPE_SERVER_RPC_SERVE_RESOLVE_RUN_H_
#define SUMSCOPE_SERVER_RPC_SERVE_RESOLVE_RUN_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "server/rpc/serve/backend.h"
#include "server/rpc/serve/gate/finding/find_run.h"
#include "storage/catalog/runs.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// The run that `name` means to `caller`: see FindRun.
inline absl::StatusOr<v1::Run> ResolveRun(const Backend& backend, const auth::Caller& caller, const std::string& name,
                                          storage::RunsFirst first = storage::RunsFirst::kLiving) {
  return FindRun(backend.catalog, caller, name, first);
}

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_RESOLVE_RUN_H_
