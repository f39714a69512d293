#ifndef SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ARITHMETIC_LOOK_BACK_ADDER_H_
#define SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ARITHMETIC_LOOK_BACK_ADDER_H_

#include <vector>

#include "server/engine/probing/arithmetic/look_back.h"
#include "server/engine/probing/evaluation/cascades.h"

namespace sumscope::engine {

// Answers by the rule, with k[i] columns of look-back for the carry or borrow into column i.
inline AnswerFn Adder(const Encoding& encoding, const std::vector<int>& k) {
  return [&encoding, k](const Questions& questions) {
    torch::Tensor answers = torch::empty({static_cast<int64_t>(questions.size()), encoding.n_answer()}, torch::kInt64);
    for (size_t q = 0; q < questions.size(); ++q) {
      encoding.EncodeAnswer(LookBackAnswer(questions[q], k),
                            answers.data_ptr<int64_t>() + static_cast<int64_t>(q) * encoding.n_answer());
    }
    return answers;
  };
}

// Adders of five digits: two of a different k for each digit, then one of each k for all.
inline std::vector<std::vector<int>> FiveDigitAdders() {
  std::vector<std::vector<int>> adders = {{0, 1, 0, 2, 4, 5}, {0, 1, 2, 3, 1, 0}};  // by digit
  for (int k = 0; k <= 5; ++k) adders.emplace_back(6, k);
  return adders;
}

}  // namespace sumscope::engine

#endif  // SUMSCOPE_TESTS_SERVER_ENGINE_PROBING_ARITHMETIC_LOOK_BACK_ADDER_H_
