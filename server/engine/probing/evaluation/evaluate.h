#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/engine/data/classes.h"
#include "server/engine/data/generator.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/loss_sample.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// Counts, and the mean of -log p(true token) in nats over those of `loss_count`: NaN where that is 0.
struct Tally {
  uint64_t count = 0;
  uint64_t correct = 0;
  double loss = 0;
  uint64_t loss_count = 0;
};

// What answers: the fastest that the model has here, with the forward pass for what it does not settle: tables
// (answer_tables.h), or in long evaluations the screen (screen.h); the forward pass alone; or the screen also where it
// does not pay. The answers are the same.
enum class AnswerBy { kFastest, kForwardPass, kScreen };

struct EvaluateRequest {
  bool generate = false;      // generate answers to all questions, not only to the first 10,000
  uint32_t worst_count = 20;  // how many of the worst questions are listed
  // Where tables or the screen answer, losses cost several times what answers do: they are of a sample (LossSample)
  // unless asked in full. The forward pass has those of all questions anyway.
  bool loss_in_full = false;
  uint64_t loss_sample = kLossSample;  // questions in that sample
};

struct DigitTally {
  std::string digit;  // SGN, A5 .. A0
  Tally tally;
};
struct ClassTally {
  QuestionClass question_class;
  Tally tally;  // of whole questions
};
struct CellTally {
  std::string cell;  // BA, UC1, US9; MD, UB1, UM0
  Tally tally;
  std::vector<Tally> by_column;  // column 0 first
};
struct CascadeTally {
  uint32_t length = 0;  // columns that the carry (borrow) into the digit came through
  std::string digit;
  Tally tally;
};
struct WorstQuestion {
  Question question;
  std::string predicted;  // the predicted answer tokens as text
  double loss = 0;
};
struct GeneratedTally {
  Tally exact;  // loss is NaN throughout: generated answers have none
  std::vector<DigitTally> digits;
  uint64_t agrees_with_forced = 0;  // questions right in both or wrong in both
};

struct EvaluateResult {
  // Whole questions; its loss is the mean over answer tokens of loss_count questions: of all of them, or of the sample.
  Tally exact;
  std::vector<DigitTally> digits;
  std::vector<ClassTally> classes;     // those present, in order
  std::vector<CellTally> cells;        // three per operation present, additions first
  std::vector<CascadeTally> cascades;  // those present, by length, then by digit from A_n down
  // Highest loss first, the earlier question first among equals. Of those whose loss is known: the sample's, those that
  // took more than a first look at the tables, and of the others that are wrong the first, up to kWrongBesideSample.
  std::vector<WorstQuestion> worst;
  uint64_t near_ties = 0;  // questions whose two largest logits differ by less than 1e-4 at an answer row
  GeneratedTally generated_sample;
  bool by_tables = false;
  uint64_t rechecked = 0;        // questions that tables or the screen left to the forward pass
  double screen_bound = 0;       // of the screen; 0: not screened
  double screen_difference = 0;  // the largest of a logit, screened and exact, that was met among the rechecked
};

inline constexpr uint64_t kGeneratedSample = 10000;
inline constexpr uint64_t kWrongBesideSample = 10000;
inline constexpr uint64_t kHeldoutQuestions = 10000;

// How an evaluation goes on after another one of the same model, questions and request that was lost.
struct EvaluateKeeping {
  // What the lost one kept last; empty: from the start.
  std::string from;
  // Called after each batch but the last: `done` questions are counted, and state() gives what `from` takes.
  std::function<void(uint64_t done, const std::function<std::string()>& state)> keep;
};

// Analysis 1 of science.md section 6, teacher-forced, with a generated pass over the first questions. A product has no
// class and no cells. Memory does not grow with the number of questions. One that goes on after another has its result
// to the last bit. Throws kInvalidArgument (WRONG_DIGITS, FORMAT_NEEDS_SIGN, and what CheckedWeights throws),
// kCancelled, kCorrupt (STATE_UNREADABLE: nothing can go on from `keeping.from`).
EvaluateResult Evaluate(const Model& model, const QuestionSource& questions, const EvaluateRequest& request,
                        const ProgressFn& progress = nullptr, AnswerBy by = AnswerBy::kFastest,
                        const EvaluateKeeping& keeping = {});

// The loss alone. The `heldout_loss` of a checkpoint is that on kHeldoutQuestions uniform questions of the run's
// operation (of a mixed run: of its operations in turn), stream 2, seed 0.
double HeldoutLoss(const Model& model, const QuestionSource& questions, const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_EVALUATION_EVALUATE_H_
