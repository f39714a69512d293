#ifndef SUMSCOPE_SERVER_RPC_RUNS_LABELS_H_
#define SUMSCOPE_SERVER_RPC_RUNS_LABELS_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/map.h"

namespace sumscope::rpc {

// INVALID_ARGUMENT TOO_MANY_LABELS, LABEL_KEY_INVALID, LABEL_VALUE_INVALID.
absl::Status ValidateLabels(const google::protobuf::Map<std::string, std::string>& labels);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_RUNS_LABELS_H_
