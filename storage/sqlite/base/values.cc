#include "storage/sqlite/base/values.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"

namespace sumscope::storage {

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (status.ok()) return json;
  return MakeError(absl::StatusCode::kInvalidArgument, "MESSAGE_INVALID",
                   absl::StrCat(message.GetTypeName(), " has no JSON form: ", status.ToString()));
}

absl::Status FromJson(absl::string_view json, google::protobuf::Message* message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, message, options);
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("stored ", message->GetTypeName(), " cannot be read: ", status.ToString()));
}

int64_t ToNanos(absl::Time time) { return absl::ToUnixNanos(time); }

absl::Time FromNanos(int64_t nanos) { return absl::FromUnixNanos(nanos); }

int64_t ToNanos(const google::protobuf::Timestamp& time) {
  return absl::ToUnixNanos(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()));
}

google::protobuf::Timestamp TimestampFromNanos(int64_t nanos) {
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  google::protobuf::Timestamp time;
  int64_t seconds = nanos / kNanosPerSecond;
  int64_t rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest));
  return time;
}

v1::State StateFromName(const std::string& name) {
  v1::State state = v1::STATE_UNSPECIFIED;
  v1::State_Parse(name, &state);
  return state;
}

bool IsState(const std::string& name) {
  v1::State state;
  return v1::State_Parse(name, &state);
}

int64_t Saturated(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, std::numeric_limits<int64_t>::max()));
}

RowChecksum& RowChecksum::Text(absl::string_view value) {
  hash_.Update(absl::StrCat("t", value.size(), ":"));
  hash_.Update(value);
  return *this;
}

RowChecksum& RowChecksum::Int(int64_t value) {
  hash_.Update(absl::StrCat("i", value, ":"));
  return *this;
}

RowChecksum& RowChecksum::Real(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  hash_.Update(absl::StrCat("r", absl::Hex(bits, absl::kZeroPad16), ":"));
  return *this;
}

RowChecksum& RowChecksum::OptionalText(const std::optional<std::string>& value) {
  return value.has_value() ? Text(*value) : Text("").Int(-1);
}

RowChecksum& RowChecksum::OptionalInt(const std::optional<int64_t>& value) {
  return value.has_value() ? Int(*value) : Text("");
}

RowChecksum& RowChecksum::OptionalReal(const std::optional<double>& value) {
  return value.has_value() ? Real(*value) : Text("");
}

std::string RowChecksum::Digest() { return hash_.HexDigest().substr(0, 16); }

}  // namespace sumscope::storage
