#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_TALLY_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_TALLY_H_

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/probing/evaluation/evaluate.h"

namespace sumscope::engine {

// Two largest logits closer than this may be decided otherwise by other arithmetic.
inline constexpr double kNearTie = 1e-4;

// What the logits of one question's answer rows say.
struct AnswerReading {
  std::vector<int64_t> predicted;  // arg-max per answer token; the lower token among equals
  std::vector<double> loss;        // -log p(true token) per answer token, log-softmax in double
  double smallest_margin = 0;      // between the two largest logits, over the rows
};
// logits [n_answer, d_vocab], float or double.
template <typename T>
void ReadAnswer(const T* logits, const int64_t* truth, int n_answer, int d_vocab, AnswerReading* reading);

// Adds up an evaluation question by question. Thread-compatible.
class EvaluateTally {
 public:
  EvaluateTally(const Encoding& encoding, uint32_t worst_count);

  // Questions in order; truth = its n_answer true tokens.
  void AddForced(const Question& question, const int64_t* truth, const AnswerReading& reading);
  // The generated answer of a question of which the forced one is known.
  void AddGenerated(const int64_t* generated, const int64_t* truth, bool forced_right);

  EvaluateResult Finish() const;

 private:
  struct Sum {
    uint64_t count = 0, correct = 0;
    double loss = 0;
    void Add(bool right, double nats) {
      ++count;
      correct += right;
      loss += nats;
    }
    Tally Mean() const;
  };
  struct Worst {
    double loss;
    uint64_t index;
    Question question;
    std::vector<int64_t> predicted;
    bool operator<(const Worst& other) const {  // worse first
      return loss != other.loss ? loss > other.loss : index < other.index;
    }
  };
  void AddColumns(const Question& question, const int64_t* truth, const AnswerReading& reading);
  void AddWorst(const Question& question, const AnswerReading& reading, double loss);

  const Encoding encoding_;
  const size_t worst_count_;
  Sum exact_;
  std::vector<Sum> digits_;
  std::array<Sum, kQuestionClasses> classes_;
  std::array<std::array<std::vector<Sum>, kCells>, 2> cells_;  // [add, sub][cell][column]
  std::map<std::pair<int, int>, Sum> cascades_;                // by (length, -i) of A_i
  std::vector<Worst> worst_;                                   // a heap whose front is the least bad one kept
  uint64_t near_ties_ = 0;
  Sum generated_exact_;
  std::vector<Sum> generated_digits_;
  uint64_t generated_agrees_ = 0;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_TALLY_H_
