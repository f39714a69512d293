#ifndef SUMSCOPE_SERVER_RPC_SERVE_GATE_OWNERSHIP_H_
#define SUMSCOPE_SERVER_RPC_SERVE_GATE_OWNERSHIP_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/auth/caller.h"
#include "server/auth/rights.h"
#include "storage/catalog/catalog.h"

namespace sumscope::rpc {

// Whether what the request of a Whose::kOwn method names is the caller's: the run in its `name` or `run.name`, or the
// analysis or capture, read as its handler will read it. Notes in the caller which run that is. OK for what is not
// there or cannot be read, which the handler says in its own words, and for other methods. PERMISSION_DENIED NOT_OWNER.
absl::Status CheckOwnership(storage::Catalog* catalog, const auth::Right& right,
                            const google::protobuf::Message& request, auth::Caller* caller);

// What the request names or would make, for the audit: runs/r7k2m9qa/analyses/a1. Empty where nothing in it has the
// form of a resource's name, which no secret has.
std::string NamedResource(const google::protobuf::Message& request);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_GATE_OWNERSHIP_H_
