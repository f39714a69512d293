#include "server/engine/probing/arithmetic/look_back.h"

#include <algorithm>
#include <cmath>

#include "server/engine/data/classes.h"
#include "server/engine/data/column_kinds.h"

namespace sumscope::engine {
namespace {

// The digits of the larger and the smaller operand of a subtraction, of an addition as they stand.
struct Operands {
  const std::array<uint8_t, kMaxDigits>&x, &y;

  explicit Operands(const Question& q) : Operands(q, q.op == Operation::kSub && CompareOperands(q) < 0) {}
  Operands(const Question& q, bool exchanged) : x(exchanged ? q.b : q.a), y(exchanged ? q.a : q.b) {}
};

bool Passes(ColumnKind kind) { return kind == ColumnKind::kPass || kind == ColumnKind::kZeroEqual; }

}  // namespace

Answer LookBackAnswer(const Question& question, const std::vector<int>& k) {
  CellNames(question.op);  // throws for a product
  const Operands operands(question);
  const bool addition = question.op == Operation::kAdd;
  const int n = question.n;
  Answer answer;
  answer.negative = !addition && CompareOperands(question) < 0;
  for (int i = 0; i <= n; ++i) {
    if (i == n && !addition) break;  // A_n of a subtraction is 0
    int carry = 0;
    for (int j = i - 1; j >= std::max(i - k[static_cast<size_t>(i)], 0); --j) {
      const ColumnKind kind = KindOf(question.op, operands.x[j], operands.y[j]);
      if (Passes(kind)) continue;
      carry = kind == ColumnKind::kMake;
      break;
    }
    const int base = i == n ? 0 : addition ? operands.x[i] + operands.y[i] : operands.x[i] - operands.y[i];
    answer.digits[i] = static_cast<uint8_t>((base + (addition ? carry : -carry) + 20) % 10);
  }
  return answer;
}

Answer LookBackAnswer(const Question& question, int k) {
  return LookBackAnswer(question, std::vector<int>(static_cast<size_t>(question.n) + 1, k));
}

bool CutShort(const Question& question, int i, int k) {
  if (i <= k || (i == question.n && question.op == Operation::kSub)) return false;
  const Operands operands(question);
  for (int j = i - 1; j >= i - k; --j) {
    if (!Passes(KindOf(question.op, operands.x[j], operands.y[j]))) return false;
  }
  return true;
}

int OtherDigit(const Question& question, int i) {
  CellNames(question.op);  // throws for a product
  const Operands operands(question);
  const bool addition = question.op == Operation::kAdd;
  const int without = i == question.n ? 0
                      : addition      ? (operands.x[i] + operands.y[i]) % 10
                                      : (operands.x[i] - operands.y[i] + 10) % 10;
  const int with = (without + (addition ? 1 : 9)) % 10;
  return TrueAnswer(question).digits[i] == without ? with : without;
}

double CarryProbability(int column) {
  double p = 0;
  for (int i = 0; i < column; ++i) p = 0.45 + 0.1 * p;
  return p;
}

double BayesFloor(int n, int n_answer, const std::vector<int>& k, bool forced) {
  double sum = 0;
  for (int i = 1; i <= n; ++i) {
    const int back = k[static_cast<size_t>(i)];
    if (back >= i) continue;
    const double p = CarryProbability(i - back);
    const double entropy = -p * std::log(p) - (1 - p) * std::log(1 - p);
    sum += (forced && i < n ? 0.9 : 1.0) * std::pow(0.1, back) * entropy;
  }
  return sum / n_answer;
}

}  // namespace sumscope::engine
