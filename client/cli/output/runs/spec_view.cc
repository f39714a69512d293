#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/output/numbers.h"
#include "client/cli/output/runs/run_view.h"
#include "proto/contract/models/spec_fields.h"

namespace sumscope::client {

using google::protobuf::FieldDescriptor;

namespace {

// Whether the shapes of imported weights say it, with the operation that was given for them.
bool IsOfWeights(const FieldDescriptor* field) {
  switch (field->number()) {
    case v1::TrainSpec::kOperationFieldNumber:
    case v1::TrainSpec::kNDigitsFieldNumber:
    case v1::TrainSpec::kNLayersFieldNumber:
    case v1::TrainSpec::kNHeadsFieldNumber:
    case v1::TrainSpec::kDModelFieldNumber:
    case v1::TrainSpec::kDHeadFieldNumber:
    case v1::TrainSpec::kDMlpFieldNumber:
    case v1::TrainSpec::kFormatFieldNumber:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string RunFieldText(const v1::Run& run, const FieldDescriptor* field) {
  const v1::TrainSpec& spec = run.spec();
  const auto* reflection = spec.GetReflection();
  if (!reflection->HasField(spec, field) || (run.imported() && !IsOfWeights(field))) return "";
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

std::string DescribeSpec(const v1::Run& run) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto* descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    pairs.emplace_back(field->name(), RunFieldText(run, field));
  }
  pairs.emplace_back("training", run.imported() ? "unknown: imported" : "");
  return AlignedPairs(pairs);
}

}  // namespace sumscope::client
