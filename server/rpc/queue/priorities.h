#ifndef SUMSCOPE_SERVER_RPC_QUEUE_PRIORITIES_H_
#define SUMSCOPE_SERVER_RPC_QUEUE_PRIORITIES_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// `asked`, or NORMAL where nothing is asked. INVALID_ARGUMENT PRIORITY_INVALID of a number that is none.
absl::StatusOr<v1::Priority> CompletePriority(v1::Priority asked);
// INVALID_ARGUMENT PRIORITY_MISSING, PRIORITY_INVALID.
absl::Status CheckPriorityIsSaid(v1::Priority asked);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_QUEUE_PRIORITIES_H_
