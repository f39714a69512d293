#ifndef SUMSCOPE_SERVER_ENGINE_DATA_ENCODING_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_ENCODING_H_

#include <string>
#include <vector>

#include "server/engine/runtime/torch.h"
#include "server/engine/spec/question.h"

namespace sumscope::engine {

// How a question becomes tokens (science.md section 1): most significant digit first,
// D_{n-1}..D_0 op D'_{n-1}..D'_0 = [sign] A_n..A_0. An immutable value; thread-safe.
class Encoding {
 public:
  // Throws kInvalidArgument (BAD_DIGITS) when n is not 2..20.
  Encoding(int n_digits, Format format);

  int n_digits() const { return n_; }
  Format format() const { return format_; }
  int d_vocab() const { return format_ == Format::kPlain ? 12 : 15; }
  int n_question() const { return 2 * n_ + 2; }  // tokens of the question, `=` included
  int n_answer() const { return n_ + (format_ == Format::kPlain ? 1 : 2); }
  int n_ctx() const { return n_question() + n_answer(); }

  // Row p predicts the token at p+1: the answer rows are first_answer_row() .. first_answer_row() + n_answer() - 1.
  int first_answer_row() const { return n_question() - 1; }

  // Names of the answer tokens in order: "SGN" (signed only), "A5" .. "A0".
  const std::vector<std::string>& digit_names() const { return digit_names_; }
  // Index of A_i among the answer tokens.
  int answer_index(int i) const { return n_answer() - 1 - i; }

  int TokenOf(char symbol) const;  // throws kInvalidArgument (BAD_SYMBOL)
  char SymbolOf(int64_t token) const;
  std::string Text(const int64_t* tokens, int count) const;

  // Writes the n_ctx() tokens of the whole line. Throws kInvalidArgument: FORMAT_NEEDS_SIGN for a subtraction or
  // product in the plain format, WRONG_DIGITS when question.n differs.
  void EncodeLine(const Question& question, int64_t* tokens) const;
  // Writes the n_answer() tokens of the true answer.
  void EncodeAnswer(const Answer& answer, int64_t* tokens) const;

  // int64 [count, n_ctx] on the CPU.
  torch::Tensor Encode(const Question* questions, int64_t count) const;
  torch::Tensor Encode(const Questions& questions) const {
    return Encode(questions.data(), static_cast<int64_t>(questions.size()));
  }

 private:
  int n_;
  Format format_;
  std::vector<std::string> digit_names_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_ENCODING_H_
