#include "client/question_text.h"

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

}  // namespace

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
