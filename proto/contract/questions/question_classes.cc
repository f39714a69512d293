#include "proto/contract/questions/question_classes.h"

#include <algorithm>

namespace sumscope {

const std::vector<QuestionClassInfo>& QuestionClasses() {
  // S2: a column >= 10 below one that sums to 9. M1 needs a higher column with D > D' (a >= b), M2 an equal one
  // between. N1 is a borrow column that nothing need follow (a < b).
  static const auto* const classes = new std::vector<QuestionClassInfo>{
      {"S0", v1::ADD, 1},  {"S1", v1::ADD, 1}, {"S2", v1::ADD, 2}, {"S3", v1::ADD, 3}, {"S4", v1::ADD, 4},
      {"S5", v1::ADD, 5},  {"M0", v1::SUB, 1}, {"M1", v1::SUB, 2}, {"M2", v1::SUB, 3}, {"M3", v1::SUB, 4},
      {"M4+", v1::SUB, 5}, {"N1", v1::SUB, 1}, {"N2", v1::SUB, 2}, {"N3", v1::SUB, 3}, {"N4+", v1::SUB, 4}};
  return *classes;
}

const QuestionClassInfo* FindQuestionClass(absl::string_view name) {
  if (name == "M4") name = "M4+";
  if (name == "N4") name = "N4+";
  for (const QuestionClassInfo& candidate : QuestionClasses()) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

uint64_t CountQuestionClasses(v1::Operation operation, uint32_t n_digits) {
  const auto& classes = QuestionClasses();
  return std::count_if(classes.begin(), classes.end(), [&](const QuestionClassInfo& candidate) {
    return candidate.operation == operation && candidate.min_digits <= n_digits;
  });
}

}  // namespace sumscope
