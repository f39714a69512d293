#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_SPEC_FIELDS_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_SPEC_FIELDS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace sumscope {

// The fields of a spec, in their order: operation, n_digits, ..
std::vector<std::string> SpecFieldNames();

// How people write an enum value: ADD "add", SCHEDULE_PAPER1 "paper1", INSERT_USEFUL_HEADS "useful_heads". The values
// of one enum have different short names. SetSpecField reads them.
std::string ShortEnumName(const google::protobuf::EnumValueDescriptor* value);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_SPEC_FIELDS_H_
