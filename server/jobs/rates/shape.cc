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

struct Field {
  const char* name;
  bool of_training_alone = false;
  double unlike = 0;  // distance of two different values; 0: of a size, by its logarithm
};
constexpr Field kFields[] = {
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

const google::protobuf::FieldDescriptor* Find(const Field& field) {
  return v1::TrainSpec::descriptor()->FindFieldByName(field.name);
}

// A size, a switch or an enum's number.
double Value(const v1::TrainSpec& spec, const Field& field) {
  using google::protobuf::FieldDescriptor;
  const auto* descriptor = Find(field);
  const auto* reflection = spec.GetReflection();
  if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return reflection->GetEnumValue(spec, descriptor);
  if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return reflection->GetBool(spec, descriptor) ? 1 : 0;
  return reflection->GetUInt32(spec, descriptor);
}

std::string Text(const v1::TrainSpec& spec, const Field& field) {
  const auto* descriptor = Find(field);
  if (descriptor->enum_type() != nullptr) return ShortEnumName(spec.GetReflection()->GetEnum(spec, descriptor));
  if (descriptor->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL) {
    return Value(spec, field) != 0 ? "true" : "false";
  }
  return absl::StrCat(Value(spec, field));
}

bool Matters(const Field& field, ShapeOf of) { return of == ShapeOf::kTraining || !field.of_training_alone; }

}  // namespace

std::string ShapeKey(const v1::TrainSpec& spec, ShapeOf of) {
  std::string key;
  for (const Field& field : kFields) {
    if (Matters(field, of)) absl::StrAppend(&key, key.empty() ? "" : " ", field.name, "=", Text(spec, field));
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
  static_assert(std::tuple_size<ShapePoint>::value == std::size(kFields));
  ShapePoint point;
  for (size_t i = 0; i < point.size(); ++i) {
    const double value = Value(spec, kFields[i]);
    point[i] = kFields[i].unlike > 0 ? value : std::log(std::max(value, 1.0));
  }
  return point;
}

double ShapeDistance(const ShapePoint& a, const ShapePoint& b, ShapeOf of) {
  double square = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Matters(kFields[i], of)) continue;
    const double apart = kFields[i].unlike > 0 ? (a[i] == b[i] ? 0 : kFields[i].unlike) : a[i] - b[i];
    square += apart * apart;
  }
  return std::sqrt(square);
}

}  // namespace sumscope::jobs
