#ifndef SUMSCOPE_SERVER_RPC_RUNS_VISIBILITY_H_
#define SUMSCOPE_SERVER_RPC_RUNS_VISIBILITY_H_

#include "absl/status/statusor.h"
#include "sumscope/v1/runs.pb.h"

namespace sumscope::rpc {

// `asked`, or `usual` where nothing is asked. INVALID_ARGUMENT VISIBILITY_INVALID for a number that is neither LAB nor
// PRIVATE, also when `usual` is unspecified.
absl::StatusOr<v1::Visibility> CompleteVisibility(v1::Visibility asked, v1::Visibility usual);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_VISIBILITY_H_
