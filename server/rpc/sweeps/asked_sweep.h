#ifndef SUMSCOPE_SERVER_RPC_SWEEPS_ASKED_SWEEP_H_
#define SUMSCOPE_SERVER_RPC_SWEEPS_ASKED_SWEEP_H_

#include "absl/status/statusor.h"
#include "server/auth/caller.h"
#include "server/jobs/state/new_work.h"
#include "server/rpc/serve/backend.h"
#include "sumscope/v1/sweeps.pb.h"

namespace sumscope::rpc {

// The runs and orders that a sweep means, complete, checked and predicted; sweep.prediction is that of all
// of it. Members of one shape, whatever their seeds, are checked and predicted once. INVALID_ARGUMENT MODEL_MISSING,
// SWEEP_EMPTY, SWEEP_TOO_LARGE, FIELD_TWICE, VALUE_TWICE, TOO_MANY_ORDERS, ORDER_INVALID, LABEL_INVALID,
// PRIORITY_INVALID, VISIBILITY_INVALID; what a member's spec, its source, its memory or an order of it is refused for,
// with the member in the text.
absl::StatusOr<jobs::NewSweep> AskedSweep(const Backend& backend, const auth::Caller& caller,
                                          const v1::CreateSweepRequest& request);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SWEEPS_ASKED_SWEEP_H_
