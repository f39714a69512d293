#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_JOB_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_JOB_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "storage/catalog/catalog.h"
#include "storage/catalog/jobs.h"

namespace sumscope::rpc {

// The job that `name` means to `caller`, ended ones too: jobs/{job}; runs/{run}, its training, and
// runs/{run}/analyses/{analysis}, with runs as FindRun takes them. INVALID_ARGUMENT RESOURCE_NAME_INVALID,
// AMBIGUOUS_PREFIX; NOT_FOUND JOB_NOT_FOUND, RUN_NOT_FOUND, ANALYSIS_NOT_FOUND.
absl::StatusOr<storage::Job> FindJob(storage::Catalog* catalog, const auth::Caller& caller, const std::string& name);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_FINDING_FIND_JOB_H_
