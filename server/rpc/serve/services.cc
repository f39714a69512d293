#include "server/rpc/serve/services.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"
#include "proto/contract/names/resource_names.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/sha256.h"

namespace sumscope::rpc {
namespace {

absl::Status RunNotFound(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND",
                   absl::StrCat("there is no run ", Quote(id),
                                "; `sumscope runs list` shows those there are, with --deleted also deleted ones"),
                   {{"run", id}});
}

// The id that a caller means by `id`, which may be a prefix or @last.
absl::StatusOr<std::string> FullRunId(storage::CatalogReader& reader, const std::string& id, const std::string& caller,
                                      storage::RunsFirst first) {
  if (id == "@last") {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string last, reader.LatestRun(caller));
    if (last.empty()) {
      return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", "@last: you have no run yet");
    }
    return last;
  }
  if (!absl::IsNotFound(reader.GetRun(id).status())) return id;
  SUMSCOPE_ASSIGN_OR_RETURN(const std::vector<std::string> found, reader.FindRuns(id, first, 6));
  if (found.empty()) return RunNotFound(id);
  if (found.size() == 1) return found[0];
  return MakeError(
      absl::StatusCode::kInvalidArgument, "AMBIGUOUS_PREFIX",
      absl::StrCat(Quote(id), " could be ", absl::StrJoin(found, ", "), "; give more characters of the run's id"),
      {{"prefix", id}});
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<v1::Run> ResolveRun(const Backend& backend, const std::string& name, const std::string& caller,
                                   storage::RunsFirst first) {
  SUMSCOPE_ASSIGN_OR_RETURN(const std::string id, ParseRunName(name));
  v1::Run run;
  SUMSCOPE_RETURN_IF_ERROR(backend.catalog->Read([&](storage::CatalogReader& reader) -> absl::Status {
    SUMSCOPE_ASSIGN_OR_RETURN(const std::string full, FullRunId(reader, id, caller, first));
    SUMSCOPE_ASSIGN_OR_RETURN(run, reader.GetRun(full));
    return absl::OkStatus();
  }));
  return run;
}

absl::StatusOr<jobs::JobManager::Request> RequestOf(const std::string& method, const google::protobuf::Message& body) {
  std::unique_ptr<google::protobuf::Message> copy(body.New());
  copy->CopyFrom(body);
  const auto* field = copy->GetDescriptor()->FindFieldByName("request_id");
  jobs::JobManager::Request request;
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

absl::Status ValidateLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  if (labels.size() > limits::kMaxLabels) {
    return InvalidField("TOO_MANY_LABELS", "labels", absl::StrCat("a run has at most ", limits::kMaxLabels, " labels"));
  }
  for (const auto& [key, value] : labels) {
    const bool plain = key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
    if (key.empty() || key.size() > limits::kMaxLabelKeyLength || !plain) {
      return InvalidField("LABEL_KEY_INVALID", "labels",
                          absl::StrCat("a label's key has 1 to ", limits::kMaxLabelKeyLength,
                                       " of the characters a-z, 0-9, '_' and '-'"));
    }
    if (value.size() > limits::kMaxLabelValueLength || HasControlCharacter(value)) {
      return InvalidField("LABEL_VALUE_INVALID", absl::StrCat("labels.", key),
                          absl::StrCat("a label's value has at most ", limits::kMaxLabelValueLength,
                                       " bytes and no control characters, not ", Quote(value)));
    }
  }
  return absl::OkStatus();
}

}  // namespace sumscope::rpc
