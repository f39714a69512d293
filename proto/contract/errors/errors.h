#ifndef SUMSCOPE_PROTO_CONTRACT_ERRORS_ERRORS_H_
#define SUMSCOPE_PROTO_CONTRACT_ERRORS_ERRORS_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace google::rpc {
class Status;  // google/rpc/status.pb.h, which few of those who make errors need
}

namespace sumscope {

// A status with a stable reason: the google.rpc.ErrorInfo (domain "sumscope") travels as a payload of the absl::Status
// and on the wire in the standard `grpc-status-details-bin` trailer. The message says what is wrong, what was expected
// and what to do; `reason` is UPPER_SNAKE and part of the contract; `metadata` is for programs. Message and metadata
// are shortened to what trailers carry (limits::kMaxErrorText, kMaxErrorMetadata), whatever of a request they echo.
absl::Status MakeError(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       std::initializer_list<std::pair<std::string, std::string>> metadata = {});

// INVALID_ARGUMENT with ErrorInfo and one BadRequest field violation.
absl::Status InvalidField(absl::string_view reason, absl::string_view field, absl::string_view message);

// `status` itself where it has a reason, else the same code and text with the code's name as reason: no error leaves a
// server without one.
absl::Status WithReason(const absl::Status& status);

// Adds RetryInfo.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);

// Adds QuotaFailure with one violation: whose limit, "user:alice", and which.
absl::Status WithQuotaFailure(absl::Status status, absl::string_view subject, absl::string_view description);

// The reason of a status made above (also after it crossed the wire); "" without one.
std::string ErrorReason(const absl::Status& status);

// absl::Status <-> google.rpc.Status, details included. FromRpcStatus(ToRpcStatus(s)) equals s.
google::rpc::Status ToRpcStatus(const absl::Status& status);
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ERRORS_ERRORS_H_
