#include "proto/contract/models/spec_fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/text/nearest.h"
#include "proto/contract/text/quote.h"
#include "proto/contract/text/utf8.h"

namespace sumscope {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

absl::Status UnknownField(absl::string_view field) {
  const std::vector<std::string> names = SpecFieldNames();
  return MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_FIELD",
                   absl::StrCat("a spec has no field ", Quote(field), "; ", DidYouMean(field, names)),
                   {{"field", std::string(field)}, {"nearest", Nearest(field, names)}});
}

absl::Status TypeError(const FieldDescriptor* field, absl::string_view value, absl::string_view expected) {
  return InvalidField("FIELD_TYPE", field->name(),
                      absl::StrCat(field->name(), " takes ", expected, ", not ", Quote(value)));
}

bool IsWholeNumber(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), absl::ascii_isdigit);
}

const EnumValueDescriptor* FindEnumValue(const FieldDescriptor* field, absl::string_view value) {
  const auto* type = field->enum_type();
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* candidate = type->value(i);
    if (candidate->number() == 0) continue;  // unspecified
    if (absl::EqualsIgnoreCase(value, ShortEnumName(candidate)) || absl::EqualsIgnoreCase(value, candidate->name())) {
      return candidate;
    }
  }
  return nullptr;
}

std::string EnumChoices(const FieldDescriptor* field) {
  std::vector<std::string> choices;
  for (int i = 0; i < field->enum_type()->value_count(); ++i) {
    const EnumValueDescriptor* value = field->enum_type()->value(i);
    if (value->number() != 0) choices.push_back(ShortEnumName(value));
  }
  return absl::StrCat("one of ", absl::StrJoin(choices, ", "));
}

}  // namespace

std::vector<std::string> SpecFieldNames() {
  std::vector<std::string> names;
  const auto* descriptor = v1::TrainSpec::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) names.push_back(descriptor->field(i)->name());
  return names;
}

std::string ShortEnumName(const EnumValueDescriptor* value) {
  absl::string_view name = value->name();
  const std::string prefix = absl::StrCat(absl::AsciiStrToUpper(value->type()->name()), "_");
  if (!absl::ConsumePrefix(&name, prefix)) absl::ConsumePrefix(&name, "INSERT_");
  return absl::AsciiStrToLower(name);
}

absl::Status SetSpecField(absl::string_view field_name, absl::string_view value, v1::TrainSpec* spec) {
  const auto* field = v1::TrainSpec::descriptor()->FindFieldByName(std::string(field_name));
  if (field == nullptr) return UnknownField(field_name);
  const auto* reflection = spec->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32: {
      uint32_t number = 0;
      if (!IsWholeNumber(value) || !absl::SimpleAtoi(value, &number)) {
        return TypeError(field, value, "a whole number below 2^32");
      }
      reflection->SetUInt32(spec, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t number = 0;
      if (!IsWholeNumber(value) || !absl::SimpleAtoi(value, &number)) {
        return TypeError(field, value, "a whole number below 2^64");
      }
      reflection->SetUInt64(spec, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double number = 0;
      if (!absl::SimpleAtod(value, &number)) return TypeError(field, value, "a number, like 1e-3");
      reflection->SetDouble(spec, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool flag = false;
      if (!absl::SimpleAtob(value, &flag)) return TypeError(field, value, "true or false");
      reflection->SetBool(spec, field, flag);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* choice = FindEnumValue(field, value);
      if (choice == nullptr) return TypeError(field, value, EnumChoices(field));
      reflection->SetEnum(spec, field, choice);
      return absl::OkStatus();
    }
    default:
      if (ReplaceInvalidUtf8(value) != value) return TypeError(field, value, "UTF-8 text");
      reflection->SetString(spec, field, std::string(value));
      return absl::OkStatus();
  }
}

}  // namespace sumscope
