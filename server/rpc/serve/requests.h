#ifndef SUMSCOPE_SERVER_RPC_SERVE_REQUESTS_H_
#define SUMSCOPE_SERVER_RPC_SERVE_REQUESTS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "proto/contract/limits.h"
#include "server/jobs/state/requests.h"

namespace sumscope::rpc {

// What makes two creating calls the same: `request_id` (a UUID, or empty) and SHA-256 over the method and the body,
// whose own request_id field is left out. INVALID_ARGUMENT REQUEST_ID_INVALID; RESOURCE_EXHAUSTED MESSAGE_TOO_LARGE for
// what could be stored, but not be sent back.
absl::StatusOr<jobs::Request> RequestOf(const std::string& method, const google::protobuf::Message& body);

// Bounds page_size: 0 is the default. INVALID_ARGUMENT PAGE_SIZE_INVALID over the maximum.
absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t default_size = limits::kDefaultPageSize,
                                  uint32_t maximum = limits::kMaxPageSize);

}  // namespace sumscope::rpc

#endif  // SUMSCOPE_SERVER_RPC_SERVE_REQUESTS_H_
