#include "proto/contract/errors/errors.h"

#include <map>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/limits.h"
#include "proto/contract/text/utf8.h"

namespace sumscope {
namespace {

constexpr char kDomain[] = "sumscope";

template <typename Message>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Message::descriptor()->full_name());
}

template <typename Message>
void SetDetail(const Message& detail, absl::Status* status) {
  status->SetPayload(TypeUrl<Message>(), absl::Cord(detail.SerializeAsString()));
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       std::initializer_list<std::pair<std::string, std::string>> metadata) {
  absl::Status status(code, ShortenUtf8(message, limits::kMaxErrorText));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[ReplaceInvalidUtf8(key)] = ShortenUtf8(value, limits::kMaxErrorMetadata);
  }
  SetDetail(info, &status);
  return status;
}

absl::Status InvalidField(absl::string_view reason, absl::string_view field, absl::string_view message) {
  absl::Status status = MakeError(absl::StatusCode::kInvalidArgument, reason, message, {{"field", std::string(field)}});
  google::rpc::BadRequest request;
  auto* violation = request.add_field_violations();
  violation->set_field(ShortenUtf8(field, limits::kMaxErrorMetadata));
  violation->set_description(ShortenUtf8(message, limits::kMaxErrorText));
  SetDetail(request, &status);
  return status;
}

absl::Status WithReason(const absl::Status& status) {
  if (status.ok() || !ErrorReason(status).empty()) return status;
  return MakeError(status.code(), absl::StatusCodeToString(status.code()), status.message());
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() =
      google::protobuf::util::TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(delay));
  SetDetail(retry, &status);
  return status;
}

absl::Status WithQuotaFailure(absl::Status status, absl::string_view subject, absl::string_view description) {
  google::rpc::QuotaFailure failure;
  auto* violation = failure.add_violations();
  violation->set_subject(ShortenUtf8(subject, limits::kMaxErrorMetadata));
  violation->set_description(ShortenUtf8(description, limits::kMaxErrorText));
  SetDetail(failure, &status);
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl<google::rpc::ErrorInfo>());
  google::rpc::ErrorInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload)) || info.domain() != kDomain) return "";
  return info.reason();
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc;
  rpc.set_code(status.raw_code());
  rpc.set_message(ReplaceInvalidUtf8(status.message()));
  std::map<std::string, std::string> details;  // Abseil leaves the order of payloads open
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& value) { details[std::string(url)] = std::string(value); });
  for (const auto& [url, value] : details) {
    auto* any = rpc.add_details();
    any->set_type_url(ReplaceInvalidUtf8(url));
    any->set_value(value);
  }
  return rpc;
}

absl::Status FromRpcStatus(const google::rpc::Status& rpc) {
  const bool known = rpc.code() >= 0 && rpc.code() <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  absl::Status status(known ? static_cast<absl::StatusCode>(rpc.code()) : absl::StatusCode::kUnknown, rpc.message());
  if (status.ok()) return absl::OkStatus();
  for (const auto& detail : rpc.details()) {
    // A status holds one detail of a type: of several, the first stands.
    if (detail.type_url().empty() || status.GetPayload(detail.type_url())) continue;
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace sumscope
