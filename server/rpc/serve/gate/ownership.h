#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_OWNERSHIP_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_OWNERSHIP_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/auth/caller.h"
#include "server/auth/rights.h"
#include "storage/catalog/catalog.h"

namespace sumscope::rpc {

// Whether what the request of a Whose::kOwn method names is the caller's: the run, analysis, capture, job, sweep or
// user in it, read as its handler will read it. Notes in the caller which run or sweep that is. OK for another method,
// for a name of another form and for an analysis that is not there, which the handler says in its own words.
// PERMISSION_DENIED NOT_OWNER; errors of FindRun, FindJob, FindSweep and of the catalog: who cannot be told to be the
// owner is not.
absl::Status CheckOwnership(storage::Catalog* catalog, const auth::Right& right,
                            const google::protobuf::Message& request, auth::Caller* caller);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_OWNERSHIP_H_
