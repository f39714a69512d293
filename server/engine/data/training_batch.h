#ifndef SUMSCOPE_SERVER_ENGINE_DATA_TRAINING_BATCH_H_
#define SUMSCOPE_SERVER_ENGINE_DATA_TRAINING_BATCH_H_

#include <cstdint>

#include "server/engine/data/philox.h"
#include "server/engine/spec/question.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {

// Data is a pure function of (seed, stream, step, row, column): the four words of one Philox block each.
//
// Training (stream 1): step = the training step, row = the row of the batch.
//   column c = 0..9            column pair: words 0, 1 are D_{2c}, D'_{2c}; words 2, 3 are D_{2c+1}, D'_{2c+1}
//   column 16 + c, c = 0..4    word j decides whether the cell of column 4c+j is enriched
//   row 2^32-1, column 0       the whole batch: word 0 enriched at all?; word 1 which operand is set (additions);
//                              word 2 the 1 in 100 of subtractions with D' = D; word 3 the operation (mix, mas)
// Held-out questions (stream 2) and analyses (stream 3): row = the index of the question. Steps, of which stream 2 has
// the first only:
//   0                          uniform: columns 0..9 as above
//   1 + class                  of a class: column 32 + i: word 0 chooses the kind of column i given the columns above
//                              it (see ClassSource), word 1 one of its digit pairs
//   2^32 + batch               enriched: rows of 64 per batch, laid out as in training
//   2^33 + column              tri-cases of a column: columns 0..9 as above, then column 32 + i, word 1: its pair
//   2^34 + attempt * 2^16 + i * 2^8 + m
//                              look-back of m columns below column i: columns 0..9 as above, then column 32 + j,
//                              word 1: the pair of a column j that has a condition
//   2^35                       which question of a stride is in the sample of losses: row = the stride, word 0 of
//                              column 0
// In products the top floor(n/2) digits of both operands are 0.

inline constexpr uint32_t kBatchRow = 0xFFFFFFFFu;
inline constexpr uint32_t kEnrichmentColumn = 16;
inline constexpr uint32_t kPairColumn = 32;
inline constexpr uint64_t kEnrichedStep = uint64_t{1} << 32;
inline constexpr uint64_t kTricaseStep = uint64_t{1} << 33;
inline constexpr uint64_t kLookBackStep = uint64_t{1} << 34;
inline constexpr uint64_t kLossSampleStep = uint64_t{1} << 35;

// Uniform digits of a question whose op and n are set and whose digits are all 0.
void DrawDigits(uint64_t seed, Stream stream, uint64_t step, uint32_t row, Question* question);

// The rows of one batch: what all of them share is decided once. Immutable.
class BatchDraw {
 public:
  BatchDraw(uint64_t seed, Stream stream, uint64_t step, Enrichment enrichment);

  // The operation of a batch of a mixed run that has one per batch.
  Operation BatchOperation(const TrainSpec& spec) const;
  // Digits of a question whose op and n are set and whose digits are all 0, enriched where its operation is.
  void Draw(uint32_t row, Question* question) const;

 private:
  bool Enriched(Operation op) const;
  void EnrichAddition(uint32_t row, Question* question) const;
  void EnrichSubtraction(Question* question) const;

  const uint64_t seed_;
  const Stream stream_;
  const uint64_t step_;
  const Enrichment enrichment_;
  const PhiloxBlock words_;
};

// The batch of a training step. Of a mixed run: one operation per batch, drawn with the run's shares; with GrokFast
// every batch has floor(batch_size * share) products, then as many subtractions, then additions.
Questions TrainingBatch(const TrainSpec& spec, uint64_t step);
// The same into a vector that keeps its memory.
void FillTrainingBatch(const TrainSpec& spec, uint64_t step, Questions* batch);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_DATA_TRAINING_BATCH_H_
