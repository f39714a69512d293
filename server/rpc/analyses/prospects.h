#ifndef SUMSCOPE_SERVER_RPC_ANALYSES_PROSPECTS_H_
#define SUMSCOPE_SERVER_RPC_ANALYSES_PROSPECTS_H_

#include <vector>

#include "absl/status/status.h"
#include "server/rpc/serve/backend.h"
#include "storage/catalog/viewer.h"
#include "sumscope/v1/analyses.pb.h"

namespace sumscope::rpc {

// How analyses stand, to `viewer`, that are not over: fills progress and, where nothing else is said there,
// state_detail and why it waits, from the queue: "number 3 of those that wait, starts in about 5 min", "about 40 s
// left". Leaves those that have ended as they are. Costs a row of each.
absl::Status AddProspects(const Backend& backend, const storage::Viewer& viewer,
                          const std::vector<v1::Analysis*>& analyses);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_ANALYSES_PROSPECTS_H_
