#ifndef SUMSCOPE_SERVER_ENGINE_DATA_COLUMN_KINDS_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_COLUMN_KINDS_H_

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/engine/data/classes.h"

namespace sumscope::engine {

// What a column does to a carry (borrow) that comes from below, which is all that a class depends on.
enum class ColumnKind : uint8_t {
  kStop,       // sum <= 8; D > D'
  kPass,       // sum == 9; D == D', not both 0
  kZeroEqual,  // subtraction, both 0: passes a borrow too, but does not count above the highest non-zero column
  kMake,       // sum >= 10; D < D'
};
inline constexpr int kColumnKinds = 4;

ColumnKind KindOf(Operation op, int d, int d_prime);
// The digit pairs (D, D') of a kind, of the 100.
const std::vector<std::pair<uint8_t, uint8_t>>& PairsOf(Operation op, ColumnKind kind);

// The automaton that reads the columns of an addition or subtraction from the top one down and knows the class at the
// end. The classifier, the theory shares and the constructive draw are all this one automaton.
struct ClassState {
  int sign = 0;         // of a - b, from the highest unequal column: -1, 0, 1; subtractions only
  bool leading = true;  // only 0-0 columns so far
  int passes = 0;       // columns that pass, directly above the next one; up to 4
  int best = 0;         // 1 + the longest chain above a making column, 0 without one; up to 5

  static constexpr int kCount = 3 * 2 * 5 * 6;
  int index() const { return (((sign + 1) * 2 + leading) * 5 + passes) * 6 + best; }
  static ClassState FromIndex(int index);

  ClassState Next(ColumnKind kind) const;
  QuestionClass Class(Operation op) const;
};

// For one class and n: the probability that uniform columns i-1 .. 0 end in the class when the automaton is in a state.
class ClassTable {
 public:
  ClassTable(QuestionClass question_class, int n);
  double share() const { return probability_.back()[ClassState().index()]; }  // of the class
  // The kind of column i, exactly as probable as among the questions of the class, for u uniform in [0, 1).
  ColumnKind Choose(int i, const ClassState& state, double u) const;

 private:
  Operation op_;
  std::vector<std::array<double, ClassState::kCount>> probability_;  // [columns left][state]
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_COLUMN_KINDS_H_
