#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/spec_fields.h"

namespace sumscope::client {

using google::protobuf::FieldDescriptor;

std::string SpecFieldText(const v1::TrainSpec& spec, const FieldDescriptor* field) {
  const auto* reflection = spec.GetReflection();
  if (!reflection->HasField(spec, field)) return "";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return ShortEnumName(reflection->GetEnum(spec, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetUInt32(spec, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetUInt64(spec, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ShortestDouble(reflection->GetDouble(spec, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(spec, field) ? "true" : "false";
    default:
      return reflection->GetString(spec, field);
  }
}

std::string DescribeSpec(const v1::TrainSpec& spec) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto* descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (spec.GetReflection()->HasField(spec, field)) pairs.emplace_back(field->name(), SpecFieldText(spec, field));
  }
  return AlignedPairs(pairs);
}

}  // namespace sumscope::client
