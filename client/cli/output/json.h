#ifndef SUMSCOPE_CLIENT_CLI_OUTPUT_JSON_H_
#define SUMSCOPE_CLIENT_CLI_OUTPUT_JSON_H_

#include <string>

#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace sumscope::client {

// Protobuf's own JSON with proto field names, defaults printed and enum names, but null where a double is NaN or
// infinite (protobuf writes a string there) and fields in the order of their numbers. No bytes fields, no Any.
nlohmann::ordered_json ToJson(const google::protobuf::Message& message);

// As printed: indented, or on one line. Ends with a newline and holds no control characters.
std::string JsonText(const nlohmann::ordered_json& json, bool indented);

}  // namespace sumscope::client

#endif  // SUMSCOPE_CLIENT_CLI_OUTPUT_JSON_H_
