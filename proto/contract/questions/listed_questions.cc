#include "proto/contract/questions/listed_questions.h"

#include <algorithm>

#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/names/tasks.h"
#include "proto/contract/text/quote.h"

namespace sumscope {
namespace {

constexpr char kExpected[] = "is not two numbers with +, - or * between them, like 12345+67890";

absl::Status QuestionError(absl::string_view field, absl::string_view label, absl::string_view question,
                           absl::string_view problem) {
  return InvalidField("QUESTION_INVALID", field, absl::StrCat(label, " ", Quote(question), " ", problem));
}

std::string Padded(absl::string_view operand, uint32_t n_digits) {
  return absl::StrCat(std::string(n_digits - operand.size(), '0'), operand);
}

absl::string_view WithoutZeros(absl::string_view operand) {
  return operand.substr(std::min(operand.find_first_not_of('0'), operand.size()));
}

// Whether the product has at most `digits` digits; operands of at most `digits` each.
bool ProductFits(absl::string_view left, absl::string_view right, size_t digits) {
  left = WithoutZeros(left);
  right = WithoutZeros(right);
  if (left.empty() || right.empty() || left.size() + right.size() <= digits) return true;
  if (left.size() + right.size() > digits + 1) return false;
  absl::uint128 a = 0, b = 0, limit = 1;  // the product is below 10^(digits+1), at most 10^22
  for (size_t i = 0; i < digits; ++i) limit *= 10;
  return absl::SimpleAtoi(left, &a) && absl::SimpleAtoi(right, &b) && a * b < limit;
}

}  // namespace

absl::Status NormaliseQuestion(uint32_t n_digits, absl::string_view field, absl::string_view label,
                               std::string* question, v1::Operation* operation) {
  const absl::string_view text = absl::StripAsciiWhitespace(*question);
  const size_t sign = text.find_first_not_of("0123456789");
  if (sign == absl::string_view::npos || (text[sign] != '+' && text[sign] != '-' && text[sign] != '*')) {
    return QuestionError(field, label, text, kExpected);
  }
  *operation = text[sign] == '+' ? v1::ADD : text[sign] == '-' ? v1::SUB : v1::MUL;
  const absl::string_view left = text.substr(0, sign), right = text.substr(sign + 1);
  for (const absl::string_view operand : {left, right}) {
    if (operand.empty() || !std::all_of(operand.begin(), operand.end(), absl::ascii_isdigit)) {
      return QuestionError(field, label, text, kExpected);
    }
    if (operand.size() > n_digits) {
      return QuestionError(field, label, text,
                           absl::StrCat("has an operand of more than the run's ", n_digits, " digits"));
    }
  }
  if (*operation == v1::MUL && !ProductFits(left, right, n_digits + 1)) {
    return InvalidField("PRODUCT_TOO_LONG", field,
                        absl::StrCat(label, " ", Quote(text), " has a product of more than ", n_digits + 1,
                                     " digits, which an answer of ", n_digits, " digits cannot hold"));
  }
  *question = absl::StrCat(Padded(left, n_digits), text.substr(sign, 1), Padded(right, n_digits));
  return absl::OkStatus();
}

absl::Status NormaliseQuestionOfRun(const v1::TrainSpec& spec, absl::string_view field, absl::string_view label,
                                    v1::Operation asked, std::string* question, v1::Operation* operation) {
  SUMSCOPE_RETURN_IF_ERROR(NormaliseQuestion(spec.n_digits(), field, label, question, operation));
  if (!RunHasOperation(spec, *operation)) return NotOfRun(spec, field, *question);
  if (asked != v1::OPERATION_UNSPECIFIED && asked != *operation) {
    return QuestionError(field, label, *question,
                         absl::StrCat("is not of question_set.operation ", v1::Operation_Name(asked)));
  }
  return absl::OkStatus();
}

absl::Status NotOfRun(const v1::TrainSpec& spec, absl::string_view field, absl::string_view asked) {
  return InvalidField("OPERATION_NOT_OF_RUN", field,
                      absl::StrCat("a run of operation ", absl::AsciiStrToLower(v1::Operation_Name(spec.operation())),
                                   " cannot be asked ", asked, ": ask additions of add, mix and mas runs, subtractions",
                                   " of sub, mix and mas runs, products of mul and mas runs"));
}

}  // namespace sumscope
