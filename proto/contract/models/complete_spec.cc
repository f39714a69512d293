#include "proto/contract/models/complete_spec.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/limits.h"

namespace sumscope {
namespace {

v1::TrainSpec Defaults() {
  v1::TrainSpec spec;
  spec.set_operation(v1::ADD);
  spec.set_n_digits(5);
  spec.set_n_layers(1);
  spec.set_n_heads(3);
  spec.set_d_model(510);
  spec.set_d_head(170);
  spec.set_d_mlp(2040);
  spec.set_format(v1::SIGNED);
  spec.set_schedule(v1::SCHEDULE_PAPER2);
  spec.set_enrichment(v1::ENRICHMENT_PAPER2);
  spec.set_grokfast(false);
  spec.set_insert_mode(v1::INSERT_NONE);
  spec.set_init_from("");
  spec.set_steps(15000);
  spec.set_batch_size(64);
  spec.set_learning_rate(8e-5);
  spec.set_weight_decay(0.1);
  spec.set_beta1(0.9);
  spec.set_beta2(0.98);
  spec.set_epsilon(1e-8);
  spec.set_precision(v1::FLOAT32);
  spec.set_seed(372001);
  return spec;
}

// An enum set to its UNSPECIFIED value says nothing.
void ClearUnspecified(v1::TrainSpec* spec) {
  const auto* descriptor = v1::TrainSpec::descriptor();
  const auto* reflection = spec->GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->enum_type() != nullptr && reflection->GetEnumValue(*spec, field) == 0) {
      reflection->ClearField(spec, field);
    }
  }
}

absl::Status CheckCount(absl::string_view reason, absl::string_view field, uint64_t value, uint64_t minimum,
                        uint64_t maximum) {
  if (value >= minimum && value <= maximum) return absl::OkStatus();
  return InvalidField(reason, absl::StrCat("spec.", field),
                      absl::StrCat(field, " is ", value, "; expected ", minimum, " to ", maximum));
}

// `valid` is false for NaN, as every comparison with it is.
absl::Status CheckNumber(absl::string_view reason, absl::string_view field, double value, bool valid,
                         absl::string_view expected) {
  if (valid && std::isfinite(value)) return absl::OkStatus();
  return InvalidField(reason, absl::StrCat("spec.", field),
                      absl::StrCat(field, " is ", value, "; expected a number in ", expected));
}

// Proto3 enums arrive with any number.
absl::Status CheckChoice(absl::string_view reason, absl::string_view field, int value, bool known) {
  if (known && value != 0) return absl::OkStatus();
  return InvalidField(reason, absl::StrCat("spec.", field), absl::StrCat(field, " has no value numbered ", value));
}

absl::Status CheckShape(const v1::TrainSpec& spec) {
  SUMSCOPE_RETURN_IF_ERROR(
      CheckCount("DIGITS_OUT_OF_RANGE", "n_digits", spec.n_digits(), limits::kMinDigits, limits::kMaxDigits));
  SUMSCOPE_RETURN_IF_ERROR(CheckCount("LAYERS_OUT_OF_RANGE", "n_layers", spec.n_layers(), 1, limits::kMaxLayers));
  SUMSCOPE_RETURN_IF_ERROR(CheckCount("HEADS_OUT_OF_RANGE", "n_heads", spec.n_heads(), 1, limits::kMaxHeads));
  SUMSCOPE_RETURN_IF_ERROR(CheckCount("D_MODEL_OUT_OF_RANGE", "d_model", spec.d_model(), 1, limits::kMaxDModel));
  SUMSCOPE_RETURN_IF_ERROR(CheckCount("D_HEAD_OUT_OF_RANGE", "d_head", spec.d_head(), 1, limits::kMaxDHead));
  return CheckCount("D_MLP_OUT_OF_RANGE", "d_mlp", spec.d_mlp(), 1, limits::kMaxDMlp);
}

absl::Status CheckChoices(const v1::TrainSpec& spec) {
  SUMSCOPE_RETURN_IF_ERROR(
      CheckChoice("OPERATION_UNKNOWN", "operation", spec.operation(), v1::Operation_IsValid(spec.operation())));
  SUMSCOPE_RETURN_IF_ERROR(CheckChoice("FORMAT_UNKNOWN", "format", spec.format(), v1::Format_IsValid(spec.format())));
  SUMSCOPE_RETURN_IF_ERROR(
      CheckChoice("SCHEDULE_UNKNOWN", "schedule", spec.schedule(), v1::Schedule_IsValid(spec.schedule())));
  SUMSCOPE_RETURN_IF_ERROR(
      CheckChoice("ENRICHMENT_UNKNOWN", "enrichment", spec.enrichment(), v1::Enrichment_IsValid(spec.enrichment())));
  SUMSCOPE_RETURN_IF_ERROR(CheckChoice("INSERT_MODE_UNKNOWN", "insert_mode", spec.insert_mode(),
                                       v1::InsertMode_IsValid(spec.insert_mode())));
  SUMSCOPE_RETURN_IF_ERROR(
      CheckChoice("PRECISION_UNKNOWN", "precision", spec.precision(), v1::Precision_IsValid(spec.precision())));
  if (spec.format() == v1::PLAIN && spec.operation() != v1::ADD) {
    return InvalidField("FORMAT_NEEDS_SIGN", "spec.format",
                        "format plain writes additions only: use format signed for this operation");
  }
  if (!spec.init_from().empty() && spec.insert_mode() == v1::INSERT_NONE) {
    return InvalidField("INIT_FROM_UNUSED", "spec.init_from",
                        "init_from names a run, but insert_mode none takes nothing from it: set an insert_mode");
  }
  if (spec.init_from().empty() && spec.insert_mode() != v1::INSERT_NONE) {
    return InvalidField("INIT_FROM_MISSING", "spec.init_from",
                        "an insert_mode takes weights from another run: name it in init_from");
  }
  return absl::OkStatus();
}

absl::Status CheckTraining(const v1::TrainSpec& spec) {
  SUMSCOPE_RETURN_IF_ERROR(CheckCount("STEPS_OUT_OF_RANGE", "steps", spec.steps(), 1, limits::kMaxSteps));
  SUMSCOPE_RETURN_IF_ERROR(
      CheckCount("BATCH_SIZE_OUT_OF_RANGE", "batch_size", spec.batch_size(), 1, limits::kMaxBatchSize));
  const double rate = spec.learning_rate(), decay = spec.weight_decay(), epsilon = spec.epsilon();
  SUMSCOPE_RETURN_IF_ERROR(CheckNumber("LEARNING_RATE_INVALID", "learning_rate", rate,
                                       rate > 0 && rate <= limits::kMaxLearningRate, "(0, 10]"));
  SUMSCOPE_RETURN_IF_ERROR(CheckNumber("WEIGHT_DECAY_INVALID", "weight_decay", decay,
                                       decay >= 0 && decay <= limits::kMaxWeightDecay, "[0, 10]"));
  SUMSCOPE_RETURN_IF_ERROR(
      CheckNumber("BETA1_INVALID", "beta1", spec.beta1(), spec.beta1() >= 0 && spec.beta1() < 1, "[0, 1)"));
  SUMSCOPE_RETURN_IF_ERROR(
      CheckNumber("BETA2_INVALID", "beta2", spec.beta2(), spec.beta2() >= 0 && spec.beta2() < 1, "[0, 1)"));
  return CheckNumber("EPSILON_INVALID", "epsilon", epsilon, epsilon > 0 && epsilon <= limits::kMaxEpsilon, "(0, 1]");
}

}  // namespace

bool SaysNothing(v1::TrainSpec spec) {
  ClearUnspecified(&spec);
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  spec.GetReflection()->ListFields(spec, &fields);
  return fields.empty();
}

v1::TrainSpec CompleteSpec(v1::TrainSpec spec) {
  ClearUnspecified(&spec);
  v1::TrainSpec complete = Defaults();
  complete.MergeFrom(spec);  // every field has presence: what is set wins
  return complete;
}

absl::Status ValidateSpec(const v1::TrainSpec& spec) {
  SUMSCOPE_RETURN_IF_ERROR(CheckShape(spec));
  SUMSCOPE_RETURN_IF_ERROR(CheckChoices(spec));
  return CheckTraining(spec);
}

std::vector<std::string> AnswerTokenNames(const v1::TrainSpec& spec) {
  std::vector<std::string> names;
  if (spec.format() == v1::SIGNED) names.push_back("SGN");
  for (int64_t i = spec.n_digits(); i >= 0; --i) names.push_back(absl::StrCat("A", i));
  return names;
}

}  // namespace sumscope
