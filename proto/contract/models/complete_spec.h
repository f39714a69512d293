#ifndef SUMSCOPE_PROTO_CONTRACT_MODELS_COMPLETE_SPEC_H_
#define SUMSCOPE_PROTO_CONTRACT_MODELS_COMPLETE_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sumscope/v1/analyses.pb.h"
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

// The same for an analysis: fills defaults from the run's spec and the kind (probes.proto, proto/contract/analyses),
// checks them, writes nodes, positions, tasks and listed questions in their one spelling, and sets questions->sha256.
// Both stay as they were in meaning, so that completing twice changes nothing. A list has no seed, and no operation
// when it holds both; phases and import_tags take no questions. ANALYSIS_MISSING, EMPTY_QUESTION_SET,
// QUESTIONS_OUT_OF_RANGE, OPERATION_NOT_OF_RUN, TASK_NOT_APPLICABLE, ..: each check has its own reason and names its
// field.
absl::Status CompleteAnalysis(const v1::TrainSpec& spec, v1::AnalysisRequest* request, v1::QuestionSet* questions);
// "evaluate"
std::string AnalysisKind(const v1::AnalysisRequest& request);
// Counts the changes to what an analysis computes; 0 for an unknown one. Part of the key and of the provenance.
uint32_t AnalysisAlgorithmVersion(absl::string_view kind);
// The key of design.md: SHA-256 over canonical JSON of its parts.
std::string AnalysisKey(absl::string_view checkpoint_sha256, const v1::AnalysisRequest& request,
                        absl::string_view question_set_sha256, v1::Precision precision);

// Sets one spec field from text, as --set does: "d_model", "96". Enum values by their short lower-case names (plain,
// paper1, none, add, float32). INVALID_ARGUMENT UNKNOWN_FIELD names the nearest field; FIELD_TYPE says what type was
// expected.
absl::Status SetSpecField(absl::string_view field, absl::string_view value, v1::TrainSpec* spec);

// Expected answer-token names in order: SGN (signed), A5 .. A0.
std::vector<std::string> AnswerTokenNames(const v1::TrainSpec& spec);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_MODELS_COMPLETE_SPEC_H_
