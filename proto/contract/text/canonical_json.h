#ifndef SUMSCOPE_PROTO_CONTRACT_TEXT_CANONICAL_JSON_H_
#define SUMSCOPE_PROTO_CONTRACT_TEXT_CANONICAL_JSON_H_

#include <string>

#include "google/protobuf/message.h"

namespace sumscope {

// The JSON that hashes are made of: proto field names, sorted keys, no spaces, fields that are not set left out. Equal
// messages give equal text, and a field added to the contract later changes no old text.
std::string CanonicalJson(const google::protobuf::Message& message);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_TEXT_CANONICAL_JSON_H_
