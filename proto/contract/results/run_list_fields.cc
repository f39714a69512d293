#include "proto/contract/results/run_list_fields.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/models/spec_fields.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {
namespace {

using google::protobuf::FieldDescriptor;

std::string ValuesOf(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> values;
  for (int i = 1; i < type.value_count(); ++i) values.push_back(ShortEnumName(type.value(i)));
  return absl::StrJoin(values, ", ");
}

std::string TakesOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return ValuesOf(*field.enum_type());
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true, false";
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    default:
      return "number";
  }
}

std::vector<RunListField> MakeFields() {
  std::vector<std::string> states;
  for (int i = 1; i < v1::State_descriptor()->value_count(); ++i) {
    states.push_back(v1::State_descriptor()->value(i)->name());
  }
  std::vector<RunListField> fields = {
      {"id", "text", false, "r7k2m9qa; * stands for any letters"},
      {"name", "text", false, "the id, also as runs/r7k2m9qa"},
      {"model_name", "text", true, "add_d5_l1_h3_t15K_s372001"},
      {"state", absl::StrJoin(states, ", "), true, ""},
      {"state_reason", "text", false, "why it waits, or how it ended"},
      {"owner", "text", false, ""},
      {"visibility", "LAB, PRIVATE", false, "who may see it: everybody, or its owner and admins"},
      {"sweep", "text", false, "that it is a member of: s4t1b8xe, also as sweeps/s4t1b8xe; sweep:* for any"},
      {"labels.KEY", "text", false, "a label; labels:KEY for its presence"},
      {"imported", "true, false", false, "from foreign weights"},
      {"mixed_hardware", "true, false", false, "its segments ran on different hardware"},
      {"attempt", "number", false, ""},
      {"segment", "number", false, ""},
      {"steps_done", "number", false, ""},
      {"create_time", "time", true, "2026-11-22 (a day, UTC), 2026-11-22T10:00:00Z, or -7d: ago, in s, m, h, d, w"},
      {"start_time", "time", false, ""},
      {"end_time", "time", true, ""},
      {"metrics.loss", "number", false, "of the last step"},
      {"metrics.heldout_loss", "number", true, "of the last checkpoint"},
      {"accuracy", "number", true, "exact match of the evaluation of most uniform questions, 0 to 1"},
      {"accuracy_questions", "number", false, "how many these were"},
      {"nines", "number", true, "floor(-log10 failure rate); without a failure what so many questions show"},
      {"reads_to", "number", true, "look-back verdict: columns that every digit reads back"},
      {"sure_to", "number", true, "the same with the grade sure"},
      {"look_back_exact", "true, false", false, "sure of all"},
  };
  const auto& spec = *v1::TrainSpec::descriptor();
  for (int i = 0; i < spec.field_count(); ++i) {
    fields.push_back({absl::StrCat("spec.", spec.field(i)->name()), TakesOf(*spec.field(i)), false, ""});
  }
  return fields;
}

}  // namespace

const std::vector<RunListField>& RunListFields() {
  static const auto* const kFields = new std::vector<RunListField>(MakeFields());
  return *kFields;
}

}  // namespace sumscope
