#ifndef SUMSCOPE_SERVER_ENGINE_DATA_GENERATOR_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_GENERATOR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/data/classes.h"
#include "server/engine/data/philox.h"
#include "server/engine/data/question.h"
#include "server/engine/training/spec.h"

namespace sumscope::engine {

// Data is a pure function of (seed, stream, step, row, column): the four words of one Philox block each.
//
// Training (stream 1): step = the training step, row = the row of the batch.
//   column c = 0..9            column pair: words 0, 1 are D_{2c}, D'_{2c}; words 2, 3 are D_{2c+1}, D'_{2c+1}
//   column 16 + c, c = 0..4    word j decides whether the cell of column 4c+j is enriched
//   row 2^32-1, column 0       the whole batch: word 0 enriched at all?; word 1 which operand is set (additions);
//                              word 2 the 1 in 100 of subtractions with D' = D
// Held-out questions (stream 2) and analyses (stream 3): step = 0, row = the index of the question.
//   columns 0..9               as above, for uniform questions
//   column 32 + i              of a class: word 0 chooses the kind of column i given the columns above it (see
//                              ClassSource), word 1 one of its digit pairs; step = 1 + class

// The batch of a training step. Throws kInvalidArgument (OPERATION_NOT_SUPPORTED) for mul, mix and mas.
Questions TrainingBatch(const TrainSpec& spec, uint64_t step);
// The same into a vector that keeps its memory.
void FillTrainingBatch(const TrainSpec& spec, uint64_t step, Questions* batch);

// Any number of questions, each a function of its index, so that 1e9 of them never lie in memory. Thread-safe.
class QuestionSource {
 public:
  virtual ~QuestionSource() = default;
  virtual uint64_t count() const = 0;
  // Questions first .. first+count-1 (all below count()).
  virtual void Fill(uint64_t first, uint64_t count, Questions* questions) const = 0;
};

inline constexpr uint64_t kMaxQuestions = 1000000000;

// All throw kInvalidArgument: BAD_COUNT outside 1..1e9, BAD_DIGITS, OPERATION_NOT_SUPPORTED for products.
std::unique_ptr<QuestionSource> UniformSource(Operation op, int n, uint64_t count, uint64_t seed,
                                              Stream stream = Stream::kAnalysis);
// Uniform within one class, drawn column by column from exact conditional probabilities: no rejection, so that no class
// is slow. CLASS_IMPOSSIBLE when n-digit questions cannot have it.
std::unique_ptr<QuestionSource> ClassSource(QuestionClass question_class, int n, uint64_t count, uint64_t seed);
// count_per_class of each class that n can have, class after class.
std::unique_ptr<QuestionSource> StratifiedSource(Operation op, int n, uint64_t count_per_class, uint64_t seed);
// Given questions, which must all have the same n (WRONG_DIGITS).
std::unique_ptr<QuestionSource> ListSource(Questions questions);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_GENERATOR_H_
