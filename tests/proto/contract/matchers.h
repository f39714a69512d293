#ifndef SUMSCOPE_TESTS_PROTO_CONTRACT_MATCHERS_H_
#define SUMSCOPE_TESTS_PROTO_CONTRACT_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "proto/contract/errors/errors.h"

namespace sumscope {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// The field of the first violation of a BadRequest, "" without one.
inline std::string ViolatedField(const absl::Status& status) {
  google::rpc::BadRequest request;
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  if (!payload || !request.ParseFromString(std::string(*payload)) || request.field_violations().empty()) return "";
  return request.field_violations(0).field();
}

// Matches a Status or StatusOr by code and reason.
MATCHER_P2(FailsWith, code, reason, "") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status.ToString() << ", reason \"" << ErrorReason(status) << "\"";
  return status.code() == code && ErrorReason(status) == reason;
}
template <typename Reason>
auto IsInvalid(Reason reason) {
  return FailsWith(absl::StatusCode::kInvalidArgument, reason);
}
MATCHER(IsOk, "") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_PROTO_CONTRACT_MATCHERS_H_
