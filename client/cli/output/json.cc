#include "client/cli/output/json.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "proto/contract/text/terminal_text.h"

namespace sumscope::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

Json EnumName(const google::protobuf::EnumValueDescriptor* value) { return value->name(); }

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json Nested(const Message& message) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return google::protobuf::util::TimeUtil::ToString(static_cast<const google::protobuf::Timestamp&>(message));
  }
  return ToJson(message);
}

// The value of a singular field, or of element `i` of a repeated one (i >= 0).
Json Value(const Message& message, const FieldDescriptor* field, int i) {
  const Reflection* r = message.GetReflection();
  const bool one = i < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? r->GetInt32(message, field) : r->GetRepeatedInt32(message, field, i);
    case FieldDescriptor::CPPTYPE_UINT32:
      return one ? r->GetUInt32(message, field) : r->GetRepeatedUInt32(message, field, i);
    // 64-bit integers are strings in protobuf's JSON: many readers keep numbers as doubles.
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(one ? r->GetInt64(message, field) : r->GetRepeatedInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(one ? r->GetUInt64(message, field) : r->GetRepeatedUInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Number(one ? r->GetDouble(message, field) : r->GetRepeatedDouble(message, field, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Number(one ? r->GetFloat(message, field) : r->GetRepeatedFloat(message, field, i));
    case FieldDescriptor::CPPTYPE_BOOL:
      return one ? r->GetBool(message, field) : r->GetRepeatedBool(message, field, i);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(one ? r->GetEnum(message, field) : r->GetRepeatedEnum(message, field, i));
    case FieldDescriptor::CPPTYPE_STRING:
      return one ? r->GetString(message, field) : r->GetRepeatedString(message, field, i);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Nested(one ? r->GetMessage(message, field) : r->GetRepeatedMessage(message, field, i));
  }
  return nullptr;
}

// A map with string keys, sorted: the order in memory is not defined.
Json Map(const Message& message, const FieldDescriptor* field) {
  nlohmann::json sorted = nlohmann::json::object();
  const auto* key = field->message_type()->map_key();
  const auto* value = field->message_type()->map_value();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, field, i);
    sorted[entry.GetReflection()->GetString(entry, key)] = Value(entry, value, -1);
  }
  return sorted;
}

Json List(const Message& message, const FieldDescriptor* field) {
  Json list = Json::array();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) list.push_back(Value(message, field, i));
  return list;
}

}  // namespace

Json ToJson(const Message& message) {
  Json json = Json::object();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->is_map()) {
      json[field->name()] = Map(message, field);
    } else if (field->is_repeated()) {
      json[field->name()] = List(message, field);
    } else if (!field->has_presence() || message.GetReflection()->HasField(message, field)) {
      json[field->name()] = Value(message, field, -1);
    }
  }
  return json;
}

std::string JsonText(const Json& json, bool indented) {
  const std::string text = json.dump(indented ? 2 : -1, ' ', false, Json::error_handler_t::replace);
  return absl::StrCat(EscapeJson(text), "\n");
}

}  // namespace sumscope::client
