#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_COMPLETE_SPEC_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_COMPLETE_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// The one place of defaults: fills every unset field (science: the papers' shapes and rates). Unset n_heads.. follow
// the paper; format signed, schedule and enrichment paper2, steps 15,000, seed 372001.
v1::TrainSpec CompleteSpec(v1::TrainSpec spec);

// No field is set: a caller who names no model either has forgotten something.
bool SaysNothing(v1::TrainSpec spec);

// Checks a complete spec. INVALID_ARGUMENT with the field: DIGITS_OUT_OF_RANGE, LAYERS_OUT_OF_RANGE,
// HEADS_OUT_OF_RANGE, D_MODEL_OUT_OF_RANGE, .., STEPS_OUT_OF_RANGE, FORMAT_NEEDS_SIGN, LEARNING_RATE_INVALID, ..,
// INIT_FROM_MISSING for an insert mode without a run to insert, INIT_FROM_UNUSED for a run without an insert mode.
absl::Status ValidateSpec(const v1::TrainSpec& spec);

// Sets one spec field from text, as --set does: "d_model", "96". Enum values by their short lower-case names (plain,
// paper1, none, add, float32). INVALID_ARGUMENT UNKNOWN_FIELD names the nearest field; FIELD_TYPE says what type was
// expected.
absl::Status SetSpecField(absl::string_view field, absl::string_view value, v1::TrainSpec* spec);

// Expected answer-token names in order: SGN (signed), A5 .. A0.
std::vector<std::string> AnswerTokenNames(const v1::TrainSpec& spec);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_COMPLETE_SPEC_H_
