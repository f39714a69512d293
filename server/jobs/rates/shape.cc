#include "server/jobs/rates/shape.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/spec_fields.h"

namespace sumscope::jobs {
namespace {

struct ShapeField {
  const char* name;
  bool of_training_alone = false;
  double unlike = 0;  // distance of two different values; 0: of a size, by its logarithm
};
constexpr ShapeField kShapeFields[] = {
    {"operation", false, 0.3},
    {"format", false, 0.1},
    {"n_digits"},
    {"n_layers"},
    {"n_heads"},
    {"d_model"},
    {"d_head"},
    {"d_mlp"},
    {"precision", false, 0.7},
    {"batch_size", true},
    {"grokfast", true, 0.3},
    {"insert_mode", true, 0.3},
};

const google::protobuf::FieldDescriptor* DescriptorOf(const ShapeField& field) {
  return v1::TrainSpec::descriptor()->FindFieldByName(field.name);
}

// A size, a switch or an enum's number.
double ShapeValue(const v1::TrainSpec& spec, const ShapeField& field) {
  using google::protobuf::FieldDescriptor;
  const auto* descriptor = DescriptorOf(field);
  const auto* reflection = spec.GetReflection();
  if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return reflection->GetEnumValue(spec, descriptor);
  if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return reflection->GetBool(spec, descriptor) ? 1 : 0;
  return reflection->GetUInt32(spec, descriptor);
}

std::string ShapeFieldText(const v1::TrainSpec& spec, const ShapeField& field) {
  const auto* descriptor = DescriptorOf(field);
  if (descriptor->enum_type() != nullptr) return ShortEnumName(spec.GetReflection()->GetEnum(spec, descriptor));
  if (descriptor->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL) {
    return ShapeValue(spec, field) != 0 ? "true" : "false";
  }
  return absl::StrCat(ShapeValue(spec, field));
}

bool MattersTo(const ShapeField& field, ShapeOf of) { return of == ShapeOf::kTraining || !field.of_training_alone; }

}  // namespace

std::string ShapeKey(const v1::TrainSpec& spec, ShapeOf of) {
  std::string key;
  for (const ShapeField& field : kShapeFields) {
    if (!MattersTo(field, of)) continue;
    absl::StrAppend(&key, key.empty() ? "" : " ", field.name, "=", ShapeFieldText(spec, field));
  }
  return key;
}

std::optional<v1::TrainSpec> ReadShapeKey(absl::string_view key) {
  v1::TrainSpec spec;
  for (const absl::string_view part : absl::StrSplit(key, ' ')) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (!SetSpecField(pair.first, pair.second, &spec).ok()) return std::nullopt;
  }
  spec = CompleteSpec(spec);
  if (spec.insert_mode() > v1::INSERT_NONE) spec.set_init_from("runs/any");  // which, costs nothing
  if (!ValidateSpec(spec).ok()) return std::nullopt;
  return spec;
}

ShapePoint PointOf(const v1::TrainSpec& spec) {
  static_assert(std::tuple_size<ShapePoint>::value == std::size(kShapeFields));
  ShapePoint point;
  for (size_t i = 0; i < point.size(); ++i) {
    const double value = ShapeValue(spec, kShapeFields[i]);
    point[i] = kShapeFields[i].unlike > 0 ? value : std::log(std::max(value, 1.0));
  }
  return point;
}

double ShapeDistance(const ShapePoint& a, const ShapePoint& b, ShapeOf of) {
  double square = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!MattersTo(kShapeFields[i], of)) continue;
    const double apart = kShapeFields[i].unlike > 0 ? (a[i] == b[i] ? 0 : kShapeFields[i].unlike) : a[i] - b[i];
    square += apart * apart;
  }
  return std::sqrt(square);
}

}  // namespace sumscope::jobs
