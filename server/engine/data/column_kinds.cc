#include "server/engine/data/column_kinds.h"

#include <algorithm>

namespace sumscope::engine {
namespace {

using Pairs = std::vector<std::pair<uint8_t, uint8_t>>;

std::array<Pairs, kColumnKinds> MakePairs(Operation op) {
  std::array<Pairs, kColumnKinds> pairs;
  for (int d = 0; d < 10; ++d) {
    for (int e = 0; e < 10; ++e) pairs[static_cast<int>(KindOf(op, d, e))].emplace_back(d, e);
  }
  return pairs;
}

}  // namespace

ColumnKind KindOf(Operation op, int d, int d_prime) {
  if (op == Operation::kAdd) {
    const int sum = d + d_prime;
    return sum >= 10 ? ColumnKind::kMake : sum == 9 ? ColumnKind::kPass : ColumnKind::kStop;
  }
  if (d != d_prime) return d < d_prime ? ColumnKind::kMake : ColumnKind::kStop;
  return d == 0 ? ColumnKind::kZeroEqual : ColumnKind::kPass;
}

const Pairs& PairsOf(Operation op, ColumnKind kind) {
  static const auto* const kAdditions = new std::array<Pairs, kColumnKinds>(MakePairs(Operation::kAdd));
  static const auto* const kSubtractions = new std::array<Pairs, kColumnKinds>(MakePairs(Operation::kSub));
  return (op == Operation::kAdd ? *kAdditions : *kSubtractions)[static_cast<int>(kind)];
}

ClassState ClassState::FromIndex(int index) {
  ClassState state;
  state.best = index % 6;
  state.passes = index / 6 % 5;
  state.leading = index / 30 % 2 != 0;
  state.sign = index / 60 - 1;
  return state;
}

ClassState ClassState::Next(ColumnKind kind) const {
  ClassState next = *this;
  if (kind == ColumnKind::kZeroEqual && leading) return next;
  next.leading = false;
  switch (kind) {
    case ColumnKind::kPass:
    case ColumnKind::kZeroEqual:
      next.passes = std::min(passes + 1, 4);
      break;
    case ColumnKind::kStop:
      next.passes = 0;
      if (sign == 0) next.sign = 1;
      break;
    case ColumnKind::kMake:
      next.best = std::max(best, 1 + passes);
      next.passes = 0;
      if (sign == 0) next.sign = -1;
      break;
  }
  return next;
}

QuestionClass ClassState::Class(Operation op) const {
  const auto from = [](QuestionClass first, int offset) {
    return static_cast<QuestionClass>(static_cast<int>(first) + offset);
  };
  if (op == Operation::kAdd) return from(QuestionClass::kS0, best);
  // A negative difference has a making column, its highest unequal one: best >= 1.
  if (sign < 0) return from(QuestionClass::kN1, std::clamp(best, 1, 4) - 1);
  return from(QuestionClass::kM0, std::min(best, 4));
}

ClassTable::ClassTable(QuestionClass question_class, int n) : op_(ClassOperation(question_class)), probability_(n + 1) {
  for (int s = 0; s < ClassState::kCount; ++s) {
    probability_[0][s] = ClassState::FromIndex(s).Class(op_) == question_class ? 1.0 : 0.0;
  }
  for (int i = 1; i <= n; ++i) {
    for (int s = 0; s < ClassState::kCount; ++s) {
      double sum = 0;
      for (int k = 0; k < kColumnKinds; ++k) {
        const auto kind = static_cast<ColumnKind>(k);
        const double weight = static_cast<double>(PairsOf(op_, kind).size()) / 100.0;
        sum += weight * probability_[i - 1][ClassState::FromIndex(s).Next(kind).index()];
      }
      probability_[i][s] = sum;
    }
  }
}

ColumnKind ClassTable::Choose(int i, const ClassState& state, double u) const {
  double left = u * probability_[i + 1][state.index()];
  ColumnKind chosen = ColumnKind::kStop;
  for (int k = 0; k < kColumnKinds; ++k) {
    const auto kind = static_cast<ColumnKind>(k);
    const double share =
        static_cast<double>(PairsOf(op_, kind).size()) / 100.0 * probability_[i][state.Next(kind).index()];
    if (share <= 0) continue;
    chosen = kind;  // the last possible kind takes what rounding leaves over
    if (left < share) break;
    left -= share;
  }
  return chosen;
}

}  // namespace sumscope::engine
