#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_TALLY_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_TALLY_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
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
  std::vector<double> loss;        // -log p(true token) per answer token, log-softmax in double; empty: not known
  // Between the two largest logits, over the rows; where the loss is not known, what it is at least. NaN where the
  // logits of a row have no largest.
  double smallest_margin = 0;
  bool by_forward_pass = true;   // not by tables, nor by the screen
  bool rechecked = false;        // by the forward pass, because tables or the screen did not settle it
  double screen_difference = 0;  // from the screen's logits, where the forward pass read after it
};
// logits [n_answer, d_vocab], float or double.
template <typename T>
void ReadAnswer(const T* logits, const int64_t* truth, int n_answer, int d_vocab, AnswerReading* reading);

// Adds up an evaluation question by question. Thread-compatible.
class EvaluateTally {
 public:
  EvaluateTally(const Encoding& encoding, uint32_t worst_count);

  // Question `index`, once each; truth = its n_answer true tokens. The loss of one `in_sample` is known and counts
  // towards the means; that of another one, where it is known, for the list of the worst alone.
  void AddForced(uint64_t index, const Question& question, const int64_t* truth, const AnswerReading& reading,
                 bool in_sample);
  // The generated answer of a question of which the forced one is known.
  void AddGenerated(const int64_t* generated, const int64_t* truth, bool forced_right);

  // How many more questions beside the sample are to be read for their loss, because they are wrong.
  uint64_t wrong_to_read() const {
    return worst_count_ == 0 || wrong_beside_sample_ >= kWrongBesideSample ? 0
                                                                           : kWrongBesideSample - wrong_beside_sample_;
  }

  // Questions that were added by AddForced.
  uint64_t count() const { return exact_.count; }
  // Everything that was added so far, for a tally of the same encoding and worst_count to go on from, to the last bit.
  // Some kilobytes, and up to 80 bytes for each of the worst. `of` says which evaluation it is.
  std::string Save(const std::vector<uint64_t>& of) const;
  // Takes what Save gave. Returns false where the bytes are of no such tally: this one is then of no use.
  bool Restore(const std::string& bytes, const std::vector<uint64_t>& of);

  // All but by_tables and screen_bound.
  EvaluateResult Finish() const;

 private:
  struct Sum {
    uint64_t count = 0, correct = 0, loss_count = 0;
    double loss = 0;
    void Add(bool right) {
      ++count;
      correct += right;
    }
    void AddLoss(double nats) {
      ++loss_count;
      loss += nats;
    }
    void Add(const Sum& other);
    template <typename Bytes>
    void Visit(Bytes* bytes);
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
  void AddColumns(const Question& question, const int64_t* truth, const AnswerReading& reading, bool in_sample);
  // Lists everything that was added to a StateWriter or from a StateReader.
  template <typename Bytes>
  void Visit(Bytes* bytes);
  template <typename Bytes>
  void VisitCascades(Bytes* bytes);
  template <typename Bytes>
  void VisitWorst(Bytes* bytes);
  void AddWorst(uint64_t index, const Question& question, const AnswerReading& reading, double loss);

  const Encoding encoding_;
  const size_t worst_count_;
  Sum exact_;
  std::vector<Sum> digits_;
  std::array<Sum, kQuestionClasses> classes_;
  std::array<std::array<std::vector<Sum>, kCells>, 2> cells_;  // [add, sub][cell][column]
  std::map<std::pair<int, int>, Sum> cascades_;                // by (length, -i) of A_i
  std::vector<Worst> worst_;                                   // a heap whose front is the least bad one kept
  uint64_t near_ties_ = 0, rechecked_ = 0, wrong_beside_sample_ = 0;
  double screen_difference_ = 0;
  Sum generated_exact_;
  std::vector<Sum> generated_digits_;
  uint64_t generated_agrees_ = 0;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_TALLY_H_
