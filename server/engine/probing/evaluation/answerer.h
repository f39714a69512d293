#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_ANSWERER_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_ANSWERER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "server/engine/data/encoding.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/answer_forward.h"
#include "server/engine/model/answer_tables.h"
#include "server/engine/model/greedy_decoder.h"
#include "server/engine/model/screening/screen.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate_tally.h"
#include "server/engine/probing/evaluation/loss_sample.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// The precision of a model's computations.
torch::ScalarType DtypeOf(const Model& model);

// Questions per forward pass: 512 of small models; fewer of large ones, so that a cancel is heard within about a
// second, and of long lines with many heads, so that layer 0's patterns over all (position, token) pairs stay below 256
// MiB.
int64_t BatchSize(const ModelConfig& config);

// Throws kInvalidArgument (WRONG_DIGITS) where n_ctx or d_vocab do not fit the digits and the format.
void CheckEncoding(const ModelConfig& config, const Encoding& encoding);

// How an Answerer will be used.
struct AnswererUse {
  AnswerBy by = AnswerBy::kFastest;
  // About how many questions it will be asked: tables are not made for so few that making them takes longer.
  uint64_t questions = std::numeric_limits<uint64_t>::max();
  // Called at least about once a second, while tables are made and questions are answered, and may throw to end that.
  std::function<void()> look;
};

// A model made ready to answer many questions: its weights on the device, its tables computed once. Thread-compatible.
//
// Tables answer for models of one layer in float32 on the CPU whose tables are at most kMaxTableBytes, where there are
// questions enough to pay for them. An answer of
// theirs is settled where the largest logit leads by a margin: sixteen times the largest difference between their
// logits and the forward pass's on some questions, at least AnswerTables::kMargin. So the answers are the forward
// pass's throughout. Where the two differ by more than kMaxDifference (weights that are huge, or no numbers) no table
// answers; losses are read from tables up to kMaxLossDifference only.
//
// For other models a Screen may be made from the questions to come: what it finds right and leaves no doubt of is
// settled, all else is the forward pass's.
class Answerer {
 public:
  static constexpr uint64_t kMaxTableBytes = 1'000'000'000;
  static constexpr double kMaxDifference = 0.01;
  static constexpr double kMaxLossDifference = 1e-4;

  // Throws what CheckedWeights, CheckEncoding and `use.look` throw.
  explicit Answerer(const Model& model, AnswererUse use = {});

  const Encoding& encoding() const { return encoding_; }
  bool by_tables() const { return tables_ != nullptr; }
  bool screened() const { return screen_ != nullptr; }
  double screen_bound() const { return screened() ? screen_->bound() : 0; }

  // Looks how far the screen is off on the sample of the questions, and answers by it where it settles most of them.
  // There are more of them than in the sample, and no tables.
  void MakeScreen(const QuestionSource& questions, const LossSample& sample, const ProgressFn& progress = nullptr);
  // Questions that are well asked at once: a cancel between them is heard within about a second.
  int64_t batch_size() const { return by_tables() ? kTimesFaster * batch_size_ : batch_size_; }

  // Logits [count, row_count, d_vocab] on the CPU of tokens [count, n_ctx], from answer row `first` on.
  torch::Tensor Logits(const torch::Tensor& tokens, int64_t first, int64_t row_count) const;

  // What the model answers, given the true tokens before each, to the lines `which` of tokens [count, n_ctx]: readings
  // [count], of which the others stay as they are. Without `with_loss` those that tables or the screen settle may
  // have none.
  void Read(const torch::Tensor& tokens, const std::vector<int64_t>& which, bool with_loss,
            std::vector<AnswerReading>* readings) const;

  // The tokens with their answers replaced by what the model itself writes, greedily.
  torch::Tensor Generate(const torch::Tensor& tokens) const;

 private:
  // About as much faster tables answer than the forward pass, or more.
  static constexpr int64_t kTimesFaster = 8;

  void Look() const {
    if (use_.look) use_.look();
  }
  void MakeTables();
  void ReadByForward(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                     std::vector<AnswerReading>* readings) const;
  // Returns the lines that are not settled.
  std::vector<int64_t> ReadByTables(const torch::Tensor& tokens, const std::vector<int64_t>& which, bool with_loss,
                                    std::vector<AnswerReading>* readings) const;
  // The answers [which, rows] that bounds settle; `open` gains the lines that they leave open.
  std::vector<int64_t> AnswerByTables(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                                      AnswerTables::Rows rows, std::vector<int64_t>* open) const;
  torch::Tensor LogitsByTables(const torch::Tensor& lines, AnswerTables::Rows rows) const;
  // Whether float32 cannot answer otherwise: every margin is larger, and every loss a number.
  static bool IsSettled(const AnswerReading& reading, double margin);
  // Writes the tokens of answer row `row` of the lines `which`, and returns those lines whose token is not settled.
  std::vector<int64_t> WriteByTables(int row, const std::vector<int64_t>& which, torch::Tensor* lines) const;
  void ReadByScreen(const torch::Tensor& tokens, const std::vector<int64_t>& which,
                    std::vector<AnswerReading>* readings) const;
  torch::Tensor GenerateByForward(const torch::Tensor& tokens) const;

  const Encoding encoding_;
  const AnswererUse use_;
  const int64_t batch_size_;  // of the forward pass
  const ModelConfig config_;
  const torch::Device device_;
  const NamedTensors weights_;
  const AnswerForward forward_;
  const GreedyDecoder decoder_;
  AnswerForward::Table table_;
  std::unique_ptr<const AnswerTables> tables_;  // null where the forward pass answers
  float margin_ = AnswerTables::kMargin;
  bool losses_by_tables_ = false;
  std::unique_ptr<const Screen> screen_;
};

// What `logits` [questions, n_answer, d_vocab] on the CPU say about question q, whose true answer tokens are `truth`.
void ReadAnswer(const torch::Tensor& logits, int64_t q, const int64_t* truth, AnswerReading* reading);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_ANSWERER_H_
