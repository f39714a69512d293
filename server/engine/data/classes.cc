#include "server/engine/data/classes.h"

#include "server/engine/data/column_kinds.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr const char* kClassNames[kQuestionClasses] = {"S0", "S1", "S2",  "S3", "S4", "S5", "M0", "M1",
                                                       "M2", "M3", "M4+", "N1", "N2", "N3", "N4+"};

void CheckHasClasses(Operation op) {
  if (op == Operation::kMul) {
    throw Error(ErrorKind::kInvalidArgument, "TASK_NOT_APPLICABLE", "products have no classes and no cells");
  }
}

}  // namespace

const char* ClassName(QuestionClass question_class) { return kClassNames[static_cast<int>(question_class)]; }

QuestionClass ParseClass(std::string_view name) {
  for (int i = 0; i < kQuestionClasses; ++i) {
    if (name == kClassNames[i]) return static_cast<QuestionClass>(i);
  }
  if (name == "M4") return QuestionClass::kM4;
  if (name == "N4") return QuestionClass::kN4;
  throw Error(ErrorKind::kInvalidArgument, "UNKNOWN_CLASS",
              "no class '" + std::string(name) + "'; there are S0..S5, M0..M3, M4+, N1..N3, N4+");
}

Operation ClassOperation(QuestionClass question_class) {
  return question_class <= QuestionClass::kS5 ? Operation::kAdd : Operation::kSub;
}

std::vector<QuestionClass> ClassesOf(Operation op, int n) {
  std::vector<QuestionClass> classes;
  for (int i = 0; i < kQuestionClasses; ++i) {
    const auto question_class = static_cast<QuestionClass>(i);
    if (ClassOperation(question_class) == op && ClassShare(question_class, n) > 0) classes.push_back(question_class);
  }
  return classes;
}

QuestionClass Classify(const Question& question) {
  CheckHasClasses(question.op);
  ClassState state;
  for (int i = question.n - 1; i >= 0; --i) state = state.Next(KindOf(question.op, question.a[i], question.b[i]));
  return state.Class(question.op);
}

double ClassShare(QuestionClass question_class, int n) { return ClassTable(question_class, n).share(); }

const std::array<const char*, kCells>& CellNames(Operation op) {
  static constexpr std::array<const char*, kCells> kAdditions = {"BA", "UC1", "US9"};
  static constexpr std::array<const char*, kCells> kSubtractions = {"MD", "UB1", "UM0"};
  CheckHasClasses(op);
  return op == Operation::kAdd ? kAdditions : kSubtractions;
}

Columns ColumnsOf(const Question& question) {
  CheckHasClasses(question.op);
  const bool exchanged = question.op == Operation::kSub && CompareOperands(question) < 0;
  const auto& x = exchanged ? question.b : question.a;
  const auto& y = exchanged ? question.a : question.b;
  Columns columns;
  columns.length[0] = -1;
  for (int i = 0; i < question.n; ++i) {
    const ColumnKind kind = KindOf(question.op, x[i], y[i]);
    const bool passes = kind == ColumnKind::kPass || kind == ColumnKind::kZeroEqual;
    columns.cell[i] = static_cast<uint8_t>(!columns.carry[i] ? 0 : passes ? 2 : 1);
    columns.carry[i + 1] = kind == ColumnKind::kMake || (passes && columns.carry[i]);
    columns.length[i + 1] = static_cast<int8_t>(kind == ColumnKind::kMake ? 0
                                                : columns.carry[i + 1]    ? columns.length[i] + 1
                                                                          : -1);
  }
  return columns;
}

}  // namespace sumscope::engine
