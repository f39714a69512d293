#include "server/engine/data/encoding.h"

#include <string_view>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr std::string_view kPlainSymbols = "0123456789+=";
constexpr std::string_view kSignedSymbols = "0123456789+-=*\\";

std::string_view Symbols(Format format) { return format == Format::kPlain ? kPlainSymbols : kSignedSymbols; }

}  // namespace

Encoding::Encoding(int n_digits, Format format) : n_(n_digits), format_(format) {
  if (n_digits < kMinDigits || n_digits > kMaxDigits) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_DIGITS", "digits must be 2..20, not " + std::to_string(n_digits));
  }
  if (format == Format::kSigned) digit_names_.push_back("SGN");
  for (int i = n_digits; i >= 0; --i) digit_names_.push_back("A" + std::to_string(i));
}

int Encoding::TokenOf(char symbol) const {
  const size_t token = Symbols(format_).find(symbol);
  if (token == std::string_view::npos) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_SYMBOL", std::string("no token is written '") + symbol + "'");
  }
  return static_cast<int>(token);
}

char Encoding::SymbolOf(int64_t token) const { return Symbols(format_).at(static_cast<size_t>(token)); }

std::string Encoding::Text(const int64_t* tokens, int count) const {
  std::string text;
  for (int i = 0; i < count; ++i) text += SymbolOf(tokens[i]);
  return text;
}

void Encoding::EncodeAnswer(const Answer& answer, int64_t* tokens) const {
  if (format_ == Format::kSigned) *tokens++ = answer.negative ? 11 : 10;
  for (int i = n_; i >= 0; --i) *tokens++ = answer.digits[i];
}

void Encoding::EncodeLine(const Question& question, int64_t* tokens) const {
  if (question.n != n_) {
    throw Error(ErrorKind::kInvalidArgument, "WRONG_DIGITS",
                "a question of " + std::to_string(question.n) + " digits for a model of " + std::to_string(n_));
  }
  if (format_ == Format::kPlain && question.op != Operation::kAdd) {
    throw Error(ErrorKind::kInvalidArgument, "FORMAT_NEEDS_SIGN",
                QuestionText(question) + ": the plain format can only write additions");
  }
  for (int i = n_ - 1; i >= 0; --i) *tokens++ = question.a[i];
  *tokens++ = question.op == Operation::kAdd ? 10 : question.op == Operation::kSub ? 11 : 13;
  for (int i = n_ - 1; i >= 0; --i) *tokens++ = question.b[i];
  *tokens++ = format_ == Format::kPlain ? 11 : 12;
  EncodeAnswer(TrueAnswer(question), tokens);
}

torch::Tensor Encoding::Encode(const Question* questions, int64_t count) const {
  torch::Tensor tokens = torch::empty({count, n_ctx()}, torch::kInt64);
  int64_t* data = tokens.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) EncodeLine(questions[i], data + i * n_ctx());
  return tokens;
}

}  // namespace sumscope::engine
