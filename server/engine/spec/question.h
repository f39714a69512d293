#ifndef SUMSCOPE_SERVER_ENGINE_SPEC_QUESTION_H_
#define SUMSCOPE_SERVER_ENGINE_SPEC_QUESTION_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sumscope::engine {

inline constexpr int kMinDigits = 2;
inline constexpr int kMaxDigits = 20;

enum class Operation : uint8_t { kAdd, kSub, kMul };  // of one question
enum class Format : uint8_t { kPlain, kSigned };      // with a sign token before the answer's digits, or without

// a <op> b, two operands of n digits. Digits are stored units first (D_0 at index 0); those from n on are 0.
struct Question {
  Operation op = Operation::kAdd;
  int n = 0;
  std::array<uint8_t, kMaxDigits> a{}, b{};

  bool operator==(const Question& other) const {
    return op == other.op && n == other.n && a == other.a && b == other.b;
  }
  bool operator!=(const Question& other) const { return !(*this == other); }
};
using Questions = std::vector<Question>;

// The true answer: sign and the digits A_0 .. A_n, units first. 0 is not negative.
struct Answer {
  bool negative = false;
  std::array<uint8_t, kMaxDigits + 1> digits{};
};

// Computed on digits: 20-digit numbers do not fit 64 bits. A product of more than n+1 digits throws kInvalidArgument
// (PRODUCT_TOO_LONG).
Answer TrueAnswer(const Question& question);

// -1, 0, 1 as a < b, a = b, a > b.
int CompareOperands(const Question& question);

char OperationSymbol(Operation op);  // '+', '-', '*'

// Reads "12345+67890", also "12345+67890=080235" (whose answer must then be true) and shorter operands, which are
// padded with zeros to n digits. Spaces around operands are ignored. Throws kInvalidArgument: BAD_DIGITS when n is not
// 2..20, BAD_QUESTION when the text is no question, OPERAND_TOO_LONG, WRONG_ANSWER.
Question ParseQuestion(std::string_view text, int n);

std::string QuestionText(const Question& question);                  // 12345+67890
std::string AnswerText(const Answer& answer, int n, Format format);  // 080235; +080235
std::string LineText(const Question& question, Format format);       // 12345+67890=+080235

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_SPEC_QUESTION_H_
