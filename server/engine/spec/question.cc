#include "server/engine/spec/question.h"

#include <algorithm>
#include <optional>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view WithoutLeadingZeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
}

void ReadOperand(std::string_view digits, std::string_view question, int n, std::array<uint8_t, kMaxDigits>* operand) {
  digits = WithoutLeadingZeros(digits);
  if (static_cast<int>(digits.size()) > n) {
    RefuseInput("OPERAND_TOO_LONG", "question '" + std::string(question) + "' has an operand of more than " +
                                        std::to_string(n) + " digits, the model's number");
  }
  for (size_t i = 0; i < digits.size(); ++i) (*operand)[i] = static_cast<uint8_t>(digits[digits.size() - 1 - i] - '0');
}

void CheckAnswer(std::string_view text, const Question& question, std::string_view whole) {
  std::string_view digits = Trim(text);
  std::optional<bool> negative;
  if (!digits.empty() && (digits[0] == '+' || digits[0] == '-')) {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  if (!IsDigits(digits)) RefuseInput("BAD_QUESTION", "'" + std::string(whole) + "': what follows '=' is not a number");
  const Answer answer = TrueAnswer(question);
  const std::string truth = AnswerText(answer, question.n, Format::kPlain);
  if (WithoutLeadingZeros(digits) != WithoutLeadingZeros(truth) || negative.value_or(false) != answer.negative) {
    RefuseInput("WRONG_ANSWER", "'" + std::string(whole) + "': the answer is " +
                                    AnswerText(answer, question.n, Format::kSigned) +
                                    "; leave it out or give it right");
  }
}

Answer Sum(const Question& q) {
  Answer answer;
  int carry = 0;
  for (int i = 0; i < q.n; ++i) {
    const int sum = q.a[i] + q.b[i] + carry;
    carry = sum >= 10;
    answer.digits[i] = static_cast<uint8_t>(sum - 10 * carry);
  }
  answer.digits[q.n] = static_cast<uint8_t>(carry);
  return answer;
}

Answer Difference(const Question& q) {
  Answer answer;
  answer.negative = CompareOperands(q) < 0;
  const auto& x = answer.negative ? q.b : q.a;
  const auto& y = answer.negative ? q.a : q.b;
  int borrow = 0;
  for (int i = 0; i < q.n; ++i) {
    const int difference = x[i] - y[i] - borrow;
    borrow = difference < 0;
    answer.digits[i] = static_cast<uint8_t>(difference + 10 * borrow);
  }
  return answer;
}

Answer Product(const Question& q) {
  std::array<int, 2 * kMaxDigits + 1> digits{};
  for (int i = 0; i < q.n; ++i) {
    for (int j = 0; j < q.n; ++j) digits[i + j] += q.a[i] * q.b[j];
  }
  Answer answer;
  int carry = 0;
  for (int i = 0; i < 2 * q.n; ++i) {
    const int value = digits[i] + carry;
    carry = value / 10;
    if (i <= q.n) {
      answer.digits[i] = static_cast<uint8_t>(value % 10);
    } else if (value != 0) {
      RefuseInput("PRODUCT_TOO_LONG", QuestionText(q) + " has more than " + std::to_string(q.n + 1) + " digits");
    }
  }
  return answer;
}

}  // namespace

Answer TrueAnswer(const Question& question) {
  switch (question.op) {
    case Operation::kAdd:
      return Sum(question);
    case Operation::kSub:
      return Difference(question);
    case Operation::kMul:
      return Product(question);
  }
  throw Error(ErrorKind::kInternal, "BAD_OPERATION", "a question without an operation");
}

int CompareOperands(const Question& question) {
  for (int i = question.n - 1; i >= 0; --i) {
    if (question.a[i] != question.b[i]) return question.a[i] < question.b[i] ? -1 : 1;
  }
  return 0;
}

char OperationSymbol(Operation op) { return op == Operation::kAdd ? '+' : op == Operation::kSub ? '-' : '*'; }

Question ParseQuestion(std::string_view text, int n) {
  if (n < kMinDigits || n > kMaxDigits) RefuseInput("BAD_DIGITS", "digits must be 2..20, not " + std::to_string(n));
  const size_t equals = text.find('=');
  const std::string_view left = text.substr(0, equals);
  const size_t at = left.find_first_of("+-*");
  const std::string_view first = Trim(left.substr(0, at));
  const std::string_view second = at == std::string_view::npos ? "" : Trim(left.substr(at + 1));
  if (!IsDigits(first) || !IsDigits(second)) {
    RefuseInput("BAD_QUESTION",
                "'" + std::string(text.substr(0, 100)) + "' is no question; write one like 12345+67890");
  }
  Question question;
  question.n = n;
  question.op = left[at] == '+' ? Operation::kAdd : left[at] == '-' ? Operation::kSub : Operation::kMul;
  ReadOperand(first, text, n, &question.a);
  ReadOperand(second, text, n, &question.b);
  if (equals != std::string_view::npos) CheckAnswer(text.substr(equals + 1), question, text);
  return question;
}

std::string QuestionText(const Question& question) {
  std::string text;
  text.reserve(2 * question.n + 1);
  for (int i = question.n - 1; i >= 0; --i) text += static_cast<char>('0' + question.a[i]);
  text += OperationSymbol(question.op);
  for (int i = question.n - 1; i >= 0; --i) text += static_cast<char>('0' + question.b[i]);
  return text;
}

std::string AnswerText(const Answer& answer, int n, Format format) {
  std::string text;
  if (format == Format::kSigned) text += answer.negative ? '-' : '+';
  for (int i = n; i >= 0; --i) text += static_cast<char>('0' + answer.digits[i]);
  return text;
}

std::string LineText(const Question& question, Format format) {
  return QuestionText(question) + "=" + AnswerText(TrueAnswer(question), question.n, format);
}

}  // namespace sumscope::engine
