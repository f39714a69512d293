#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_CASCADES_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_CASCADES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate.h"

namespace sumscope::engine {

struct CascadesRequest {
  uint32_t per_cell = 1000;  // questions per digit and length
  uint64_t seed = 0;
  std::vector<Operation> operations;  // whose verdict is wanted: additions, subtractions
};

// What A_i is when the columns i-1 .. i-m below it pass a carry on; the rest of per_cell is neither.
struct LookBackDigit {
  int digit = 0;                // i
  std::vector<uint64_t> right;  // by m = 0 .. i-1, of per_cell
  std::vector<uint64_t> other;  // the digit that the other carry (borrow) into column i would have given
};
// Counts over the questions of one look-back-k answer beside the model's.
struct AgreementCounts {
  uint64_t agree = 0;                     // questions whose whole answer is look-back-k's
  std::vector<uint64_t> digit_agree;      // per answer token
  uint64_t agree_on_mistakes = 0;         // among the questions that the model gets wrong
  std::vector<uint64_t> wrong_cut_short;  // per answer token: wrong tokens on cut-short cells
};
struct LookBackK {
  int k = 0;
  uint64_t exact = 0;               // look-back-k answers that are right
  std::vector<uint64_t> cut_short;  // per answer token
  AgreementCounts forced, generated;
};
struct LookBackAgreement {
  Operation operation = Operation::kAdd;
  uint64_t questions = 0, mistakes_forced = 0, mistakes_generated = 0;
  std::vector<uint64_t> generated_digit_correct;  // per answer token
  std::vector<LookBackK> by_k;                    // k = 0 .. n
};
struct CascadesResult {
  uint32_t per_cell = 0;
  std::vector<LookBackDigit> additions;                                     // A_n .. A_1
  std::vector<LookBackDigit> subtractions_positive, subtractions_negative;  // A_{n-1} .. A_1
  std::vector<LookBackAgreement> agreements;                                // one per operation of the questions
  std::vector<ClassTally> classes;  // S0, S1; M0, M1: per_cell questions each, loss NaN
  double heldout_loss = 0;          // additions: forced, on the uniform held-out questions; NaN without additions
};

// Answers questions token by token: int64 [count, n_answer] of tokens.
using AnswerFn = std::function<torch::Tensor(const Questions&)>;

// The verdict of science.md section 5 on whoever answers: for each digit and m, per_cell questions of LookBackSource.
// `exchanged`: subtractions with a < b.
std::vector<LookBackDigit> LookBackVerdict(const AnswerFn& answer, const Encoding& encoding, Operation operation,
                                           bool exchanged, uint32_t per_cell, uint64_t seed,
                                           const ProgressFn& progress = nullptr);

// The verdict on a model's generated answers; its agreement with look-back-k over `questions`, which is shown and never
// used to choose k. Throws kInvalidArgument (TASK_NOT_APPLICABLE for products, what CheckedWeights throws), kCancelled.
CascadesResult Cascades(const Model& model, const QuestionSource& questions, const CascadesRequest& request,
                        const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_CASCADES_H_
