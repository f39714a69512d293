#include "client/questions/question_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sumscope::client {
namespace {

bool IsNumber(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

bool IsAnswer(absl::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return IsNumber(text);
}

constexpr size_t kMaxDigits = 100;

// Numbers of any length, their digits from the lowest on.
std::vector<int> DigitsOf(absl::string_view number) {
  std::vector<int> digits;
  for (auto c = number.rbegin(); c != number.rend(); ++c) digits.push_back(*c - '0');
  return digits;
}

// "-579" of a sign and sums of digits, which need not be digits yet.
std::string NumberOf(std::vector<int> sums, bool negative) {
  std::string text;
  int carry = 0;
  for (size_t i = 0; i < sums.size() || carry != 0; ++i) {
    const int sum = carry + (i < sums.size() ? sums[i] : 0);
    const int digit = (sum % 10 + 10) % 10;
    carry = (sum - digit) / 10;
    text.insert(text.begin(), static_cast<char>('0' + digit));
  }
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  return negative && text != "0" ? absl::StrCat("-", text) : text;
}

// Is `a` less than `b`, both without leading zeros?
bool Less(absl::string_view a, absl::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

absl::string_view WithoutZeros(absl::string_view number) {
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size() - 1));
  return number;
}

std::string TrueAnswer(absl::string_view a, char operation, absl::string_view b) {
  a = WithoutZeros(a);
  b = WithoutZeros(b);
  const bool negative = operation == '-' && Less(a, b);
  if (negative) std::swap(a, b);
  const std::vector<int> x = DigitsOf(a), y = DigitsOf(b);
  std::vector<int> sums(x.size() + y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    if (operation != '*') sums[i] += x[i];
    for (size_t j = 0; operation == '*' && j < y.size(); ++j) sums[i + j] += x[i] * y[j];
  }
  for (size_t j = 0; operation != '*' && j < y.size(); ++j) sums[j] += operation == '+' ? y[j] : -y[j];
  return NumberOf(std::move(sums), negative);
}

}  // namespace

std::string WrongAnswerOf(absl::string_view text) {
  const std::optional<std::string> question = QuestionOf(text);
  const size_t equals = text.find('=');
  if (!question || equals == absl::string_view::npos || question->size() > 2 * kMaxDigits) return "";
  const absl::string_view answer = absl::StripAsciiWhitespace(text.substr(equals + 1));
  if (answer.empty() || answer.size() > 2 * kMaxDigits) return "";
  const size_t sign = question->find_first_of("+-*");
  const std::string is = TrueAnswer(absl::string_view(*question).substr(0, sign), (*question)[sign],
                                    absl::string_view(*question).substr(sign + 1));
  const bool signless = answer[0] != '+' && answer[0] != '-';
  const std::string said = NumberOf(DigitsOf(answer.substr(signless ? 0 : 1)), answer[0] == '-');
  return said == is ? "" : absl::StrCat(*question, " is ", is, ", not ", answer);
}

std::optional<std::string> QuestionOf(absl::string_view text) {
  const size_t equals = text.find('=');
  const absl::string_view question = text.substr(0, equals);
  if (equals != absl::string_view::npos) {
    const absl::string_view answer = absl::StripAsciiWhitespace(text.substr(equals + 1));
    if (!answer.empty() && !IsAnswer(answer)) return std::nullopt;
  }
  const size_t sign = question.find_first_of("+-*");
  if (sign == absl::string_view::npos) return std::nullopt;
  const absl::string_view a = absl::StripAsciiWhitespace(question.substr(0, sign));
  const absl::string_view b = absl::StripAsciiWhitespace(question.substr(sign + 1));
  if (!IsNumber(a) || !IsNumber(b)) return std::nullopt;
  return absl::StrCat(a, question.substr(sign, 1), b);
}

std::vector<std::string> CellsOf(absl::string_view line, char delimiter) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && delimiter == ',') {
      const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) cell += line[++i];
      quoted = quoted == doubled;
    } else if (c == delimiter && !quoted) {
      cells.push_back(std::exchange(cell, ""));
    } else {
      cell += c;
    }
  }
  cells.push_back(std::move(cell));
  for (std::string& one : cells) absl::StripAsciiWhitespace(&one);
  return cells;
}

}  // namespace sumscope::client
