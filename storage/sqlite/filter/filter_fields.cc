#include "storage/sqlite/filter/filter_fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sumscope/v1/runs.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope::storage {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

FilterField SpecField(absl::string_view prefix, const FieldDescriptor& field) {
  FilterField result;
  result.name = absl::StrCat(prefix, field.name());
  // One spec that is no JSON must not fail the list of the others.
  result.sql = absl::StrCat("iif(json_valid(spec), json_extract(spec, '$.", field.name(), "'), NULL)");
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      result.type = FilterField::Type::kEnum;
      result.values = field.enum_type();
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      result.type = FilterField::Type::kJsonUnsigned;
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      result.type = FilterField::Type::kJsonReal;
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      result.type = FilterField::Type::kBool;
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      result.type = FilterField::Type::kText;
      break;
    default:
      result.type = FilterField::Type::kInteger;
  }
  return result;
}

void AppendSpecFields(absl::string_view prefix, std::vector<FilterField>* fields) {
  const auto& spec = *v1::TrainSpec::descriptor();
  for (int i = 0; i < spec.field_count(); ++i) fields->push_back(SpecField(prefix, *spec.field(i)));
}

FilterWhitelist MakeRunFields() {
  using Type = FilterField::Type;
  FilterWhitelist known;
  known.labels = {"labels"};
  known.fields = {
      {"id", Type::kName, "id"},
      {"name", Type::kName, "id"},
      {"model_name", Type::kText, "model_name"},
      {"state", Type::kEnum, "state", v1::State_descriptor()},
      {"state_reason", Type::kText, "state_reason"},
      {"owner", Type::kText, "owner"},
      {"visibility", Type::kEnum, "visibility", v1::Visibility_descriptor()},
      {"sweep", Type::kSweepName, "sweep"},
      {"imported", Type::kBool, "imported"},
      {"mixed_hardware", Type::kBool, "mixed_hardware"},
      {"attempt", Type::kInteger, "attempt"},
      {"segment", Type::kInteger, "segment"},
      {"steps_done", Type::kInteger, "steps_done"},
      {"create_time", Type::kTime, "create_time"},
      {"start_time", Type::kTime, "start_time"},
      {"end_time", Type::kTime, "end_time"},
      {"metrics.loss", Type::kReal, "loss"},
      {"metrics.heldout_loss", Type::kReal, "heldout_loss"},
      {"accuracy", Type::kReal, "accuracy"},
      {"accuracy_questions", Type::kInteger, "accuracy_questions"},
      {"nines", Type::kInteger, "nines"},
      {"reads_to", Type::kInteger, "reads_to"},
      {"sure_to", Type::kInteger, "sure_to"},
      {"look_back_exact", Type::kBool, "look_back_exact"},
  };
  AppendSpecFields("spec.", &known.fields);
  return known;
}

FilterWhitelist MakeFactFields() {
  using Type = FilterField::Type;
  FilterWhitelist known;
  known.labels = {"run", "labels"};
  known.fields = {
      {"task", Type::kText, "task"},
      {"tag", Type::kText, "tag"},
      {"kind", Type::kText, "kind"},
      {"value", Type::kTextOrNumber, "value"},
      {"node", Type::kText, "node"},
      {"position", Type::kInteger, "position"},
      {"layer", Type::kInteger, "layer"},
      {"is_head", Type::kBool, "is_head"},
      {"num", Type::kInteger, "num"},
      {"run.name", Type::kName, "run"},
      {"run.model_name", Type::kText, "model_name"},
      {"run.owner", Type::kText, "owner"},
  };
  AppendSpecFields("run.", &known.fields);
  return known;
}

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

absl::string_view LastPart(absl::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == absl::string_view::npos ? name : name.substr(dot + 1);
}

// What all values but the unspecified one start with, up to an underscore: "SCHEDULE_"; "" for State.
std::string CommonPrefix(const EnumDescriptor& values) {
  std::string prefix = values.value(1)->name();
  for (int i = 1; i < values.value_count(); ++i) {
    const std::string& name = values.value(i)->name();
    while (!absl::StartsWith(name, prefix)) prefix.pop_back();
  }
  prefix.resize(prefix.rfind('_') == std::string::npos ? 0 : prefix.rfind('_') + 1);
  return prefix;
}

}  // namespace

FilterWhitelist RunFilterFields(SqlCondition sweep_is_seen) {
  static const auto* const kFields = new FilterWhitelist(MakeRunFields());
  FilterWhitelist known = *kFields;
  for (FilterField& field : known.fields) {
    if (field.type == FilterField::Type::kSweepName) field.seen = sweep_is_seen;
  }
  return known;
}

const FilterWhitelist& FactFilterFields() {
  static const auto* const kFields = new FilterWhitelist(MakeFactFields());
  return *kFields;
}

std::string NearestFilterField(const FilterWhitelist& known, absl::string_view name) {
  constexpr size_t kMaxNameLength = 64;  // bounds the work on a hostile name
  name = name.substr(0, kMaxNameLength);
  std::string nearest = absl::StrCat(absl::StrJoin(known.labels, "."), ".KEY");
  size_t best = EditDistance(LastPart(name), "labels");
  for (const FilterField& field : known.fields) {
    // n_digits is meant to find spec.n_digits, and spec.owner owner.
    const size_t distance =
        std::min(EditDistance(name, field.name), EditDistance(LastPart(name), LastPart(field.name)));
    if (distance < best) {
      best = distance;
      nearest = field.name;
    }
  }
  return nearest;
}

std::optional<std::string> EnumValueName(const EnumDescriptor& values, absl::string_view text) {
  const std::string upper = absl::AsciiStrToUpper(text);
  const std::string prefix = CommonPrefix(values);
  for (int i = 1; i < values.value_count(); ++i) {
    const std::string& name = values.value(i)->name();
    if (name == upper || name == absl::StrCat(prefix, upper)) return name;
  }
  return std::nullopt;
}

std::string EnumValueList(const EnumDescriptor& values) {
  const size_t prefix = CommonPrefix(values).size();
  std::vector<std::string> names;
  for (int i = 1; i < values.value_count(); ++i) {
    const std::string name = values.value(i)->name().substr(prefix);
    names.push_back(prefix == 0 ? name : absl::AsciiStrToLower(name));
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace sumscope::storage
