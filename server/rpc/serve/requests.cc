#include "server/rpc/serve/requests.h"

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"

namespace sumscope::rpc {
namespace {

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<jobs::Request> RequestOf(const std::string& method, const google::protobuf::Message& body) {
  std::unique_ptr<google::protobuf::Message> copy(body.New());
  copy->CopyFrom(body);
  const auto* field = copy->GetDescriptor()->FindFieldByName("request_id");
  jobs::Request request;
  request.id = copy->GetReflection()->GetString(*copy, field);
  if (!request.id.empty() && !IsUuid(request.id)) {
    return InvalidField("REQUEST_ID_INVALID", "request_id", "request_id must be a UUID, or empty");
  }
  copy->GetReflection()->ClearField(copy.get(), field);
  std::string bytes = method;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    copy->SerializeToCodedStream(&coded);
  }
  if (bytes.size() > limits::kMaxMessageBytes) {
    return MakeError(absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE",
                     absl::StrCat("the request has ", bytes.size(), " bytes; a message has at most ",
                                  limits::kMaxMessageBytes, ": long lists are uploaded"));
  }
  request.digest = Sha256Hex(bytes);
  return request;
}

std::string RequestIdOf(const google::protobuf::Message& body) {
  const auto* const field = body.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return "";
  std::string id = body.GetReflection()->GetString(body, field);
  return IsUuid(id) ? id : "";
}

absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t default_size, uint32_t maximum) {
  if (asked > maximum) {
    return InvalidField("PAGE_SIZE_INVALID", "page_size", absl::StrCat("page_size ", asked, " is above ", maximum));
  }
  return asked == 0 ? default_size : asked;
}

}  // namespace sumscope::rpc
