#ifndef SUMSCOPE_PROTO_CONTRACT_ANALYSES_QUESTION_SETS_H_
#define SUMSCOPE_PROTO_CONTRACT_ANALYSES_QUESTION_SETS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/limits.h"
#include "sumscope/v1/question_sets.pb.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// What an analysis wants of its questions.
struct QuestionRules {
  enum class Takes { kQuestions, kPairs, kOneQuestion, kNothing };
  Takes takes = Takes::kQuestions;
  absl::string_view analysis;               // its kind, for messages
  uint64_t default_count = 0;               // of uniform ones
  std::optional<uint32_t> default_tricase;  // a digit: tri-cases of it instead
  uint64_t max_count = limits::kMaxKeptQuestions;
  bool needs_columns = false;                           // no products
  bool needs_one_operation = false;                     // not both
  v1::Operation operation = v1::OPERATION_UNSPECIFIED;  // only this one
};

// CompleteAnalysis for the questions: defaults, checks and sha256.
absl::Status CompleteQuestions(const v1::TrainSpec& spec, const QuestionRules& rules, v1::QuestionSet* questions);

// How many questions a complete set holds; nullopt for an uploaded one. Pairs count as their pairs and tasks.
std::optional<uint64_t> CountQuestions(const v1::TrainSpec& spec, const v1::QuestionSet& questions);

// EMPTY_QUESTION_SET, QUESTIONS_OUT_OF_RANGE.
absl::Status CheckQuestionCount(absl::string_view field, uint64_t count, uint64_t maximum);

// Parts of CompleteQuestions. MIX_NOT_APPLICABLE, OPERATION_NOT_OF_RUN, TASK_NOT_APPLICABLE.
absl::Status CompleteListedQuestions(const v1::TrainSpec& spec, const QuestionRules& rules, v1::QuestionSet* questions);
absl::Status CompletePairs(const v1::TrainSpec& spec, v1::QuestionSet* questions);
absl::Status CompleteGeneratedQuestions(const v1::TrainSpec& spec, const QuestionRules& rules,
                                        v1::QuestionSet* questions);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_ANALYSES_QUESTION_SETS_H_
