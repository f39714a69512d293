#ifndef SUMSCOPE_SERVER_ENGINE_DATA_SOURCES_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_SOURCES_H_

#include <cstdint>
#include <memory>

#include "server/engine/data/classes.h"
#include "server/engine/data/philox.h"
#include "server/engine/spec/question.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// Any number of questions, each a function of its index, so that 1e9 of them never lie in memory. Thread-safe.
class QuestionSource {
 public:
  virtual ~QuestionSource() = default;
  virtual uint64_t count() const = 0;
  // Questions first .. first+count-1 (all below count()).
  virtual void Fill(uint64_t first, uint64_t count, Questions* questions) const = 0;
};

inline constexpr uint64_t kMaxQuestions = 1000000000;

// All throw kInvalidArgument: BAD_COUNT outside 1..1e9 questions in all, BAD_DIGITS; where classes and columns are
// asked for, TASK_NOT_APPLICABLE for products. The counters that each draws from are in training_batch.h.
std::unique_ptr<QuestionSource> UniformSource(Operation op, int n, uint64_t count, uint64_t seed,
                                              Stream stream = Stream::kAnalysis);
// Uniform questions of what a run trains: of a mixed run its operations in turn, additions first, so that mix has
// additions at even indices and subtractions at odd ones.
std::unique_ptr<QuestionSource> UniformSource(TrainOperation operation, int n, uint64_t count, uint64_t seed,
                                              Stream stream = Stream::kAnalysis);
inline std::unique_ptr<QuestionSource> MixedSource(int n, uint64_t count, uint64_t seed,
                                                   Stream stream = Stream::kAnalysis) {
  return UniformSource(TrainOperation::kMix, n, count, seed, stream);
}

// Uniform within one class, drawn column by column from exact conditional probabilities: no rejection, so that no class
// is slow. CLASS_IMPOSSIBLE when n-digit questions cannot have it.
std::unique_ptr<QuestionSource> ClassSource(QuestionClass question_class, int n, uint64_t count, uint64_t seed);
// count_per_class of each class that n can have, class after class; of a mixed run all classes of all its operations.
std::unique_ptr<QuestionSource> StratifiedSource(Operation op, int n, uint64_t count_per_class, uint64_t seed);
std::unique_ptr<QuestionSource> StratifiedSource(TrainOperation operation, int n, uint64_t count_per_class,
                                                 uint64_t seed);

// Drawn in batches of 64 that are enriched as in training; of a mixed run its operations in turn within each batch.
std::unique_ptr<QuestionSource> EnrichedSource(TrainOperation operation, int n, uint64_t count, uint64_t seed,
                                               Enrichment enrichment);

// count_per_case questions for each tri-case of column `digit`: first those of 8, 9, 10 (sum at most 8, 9, at least 10)
// of additions, or 1, 0, -1 (sign of D - D') of subtractions. The column's pair is uniform within its case, all other
// digits are uniform. BAD_COLUMN when `digit` is not 0..n-1.
std::unique_ptr<QuestionSource> TricaseSource(Operation op, int n, int digit, uint64_t count_per_case, uint64_t seed);

// Questions of the look-back verdict (science.md section 5) for answer digit i and m columns below it. Additions:
// columns i-1 .. i-m sum to 9, columns i-m-1 and i (where i < n) do not, the rest is uniform. Subtractions: columns
// i-1 .. i-m are equal, columns i-m-1 and i are not, the rest is uniform among questions with a > b. `exchanged` swaps
// the operands at the end. BAD_COLUMN when i is not 1..n (1..n-1 of subtractions) or m is not 0..i-1.
std::unique_ptr<QuestionSource> LookBackSource(Operation op, int n, int i, int m, uint64_t count, uint64_t seed,
                                               bool exchanged);

// Given questions, which must all have the same n (WRONG_DIGITS).
std::unique_ptr<QuestionSource> ListSource(Questions questions);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_SOURCES_H_
