#include "server/rpc/serve/requests.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/text/sha256.h"
#include "server/rpc/serve/gate/request_facts.h"

namespace sumscope::rpc {
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

absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t default_size, uint32_t maximum) {
  if (asked > maximum) {
    return InvalidField("PAGE_SIZE_INVALID", "page_size", absl::StrCat("page_size ", asked, " is above ", maximum));
  }
  return asked == 0 ? default_size : asked;
}

}  // namespace sumscope::rpc
