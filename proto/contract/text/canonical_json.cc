#include "proto/contract/text/canonical_json.h"

#include <cstdlib>

#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "proto/contract/text/utf8.h"

namespace sumscope {

std::string CanonicalJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails only for Any and times out of range, which no hashed message holds.
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) std::abort();
  return nlohmann::json::parse(ReplaceInvalidUtf8(text)).dump();  // its objects are sorted
}

}  // namespace sumscope
