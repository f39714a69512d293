#ifndef SUMSCOPE_SERVER_ENGINE_DATA_CLASSES_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_CLASSES_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/spec/question.h"

namespace sumscope::engine {

// Question classes of science.md section 4, in the order in which results list them. The last of each family is open:
// S5 is 4 or more nines, M4+ and N4+ three or more equal columns.
enum class QuestionClass : uint8_t { kS0, kS1, kS2, kS3, kS4, kS5, kM0, kM1, kM2, kM3, kM4, kN1, kN2, kN3, kN4 };
inline constexpr int kQuestionClasses = 15;

const char* ClassName(QuestionClass question_class);  // "S0", "M4+"
// Accepts "M4" and "N4" too. Throws kInvalidArgument (UNKNOWN_CLASS).
QuestionClass ParseClass(std::string_view name);
Operation ClassOperation(QuestionClass question_class);
// The classes of an operation that n-digit questions can have, in order. Products have none.
std::vector<QuestionClass> ClassesOf(Operation op, int n);

// Throws kInvalidArgument (TASK_NOT_APPLICABLE) for a product.
QuestionClass Classify(const Question& question);

// The share of the class among uniform n-digit questions of its operation, by dynamic programming over the columns; 0
// when n cannot have it.
double ClassShare(QuestionClass question_class, int n);

// Digit cells (science.md section 4): additions BA, UC1, US9; subtractions MD, UB1, UM0, indexed 0, 1, 2.
inline constexpr int kCells = 3;
const std::array<const char*, kCells>& CellNames(Operation op);  // throws TASK_NOT_APPLICABLE for a product

// What the columns of one question are: index i is column i, carries also have the one out of the top column (index n).
struct Columns {
  std::array<uint8_t, kMaxDigits> cell{};    // 0, 1, 2 as named by CellNames
  std::array<bool, kMaxDigits + 1> carry{};  // true carry (borrow of max - min) into column i; carry[0] is false
  std::array<int8_t, kMaxDigits + 1>
      length{};  // of a carry: columns summing to 9 (equal digits) it came through; else -1
};
Columns ColumnsOf(const Question& question);  // throws TASK_NOT_APPLICABLE for a product

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_CLASSES_H_
