#ifndef SUMSCOPE_PROTO_CONTRACT_QUESTIONS_QUESTION_CLASSES_H_
#define SUMSCOPE_PROTO_CONTRACT_QUESTIONS_QUESTION_CLASSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sumscope/v1/spec.pb.h"

namespace sumscope {

// A question class of science.md section 4, as far as a request needs it.
struct QuestionClassInfo {
  absl::string_view name;
  v1::Operation operation;
  uint32_t min_digits;  // fewer digits cannot have it
};

// In the order in which results list them.
const std::vector<QuestionClassInfo>& QuestionClasses();

// Null for an unknown name; also takes M4 and N4 for M4+ and N4+.
const QuestionClassInfo* FindQuestionClass(absl::string_view name);

// How many classes questions of this operation and length can have.
uint64_t CountQuestionClasses(v1::Operation operation, uint32_t n_digits);

}  // namespace sumscope

#endif  // SUMSCOPE_PROTO_CONTRACT_QUESTIONS_QUESTION_CLASSES_H_
