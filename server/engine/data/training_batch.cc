#include "server/engine/data/training_batch.h"

namespace sumscope::engine {
namespace {

// Percent of products and of subtractions; the rest are additions.
struct Shares {
  uint32_t mul = 0;
  uint32_t sub = 0;
};

Shares SharesOf(const TrainSpec& spec) {
  if (spec.operation == TrainOperation::kMas) return {50, 30};
  return {0, spec.insert_mode == InsertMode::kNone ? 66u : 80u};
}

}  // namespace

void DrawDigits(uint64_t seed, Stream stream, uint64_t step, uint32_t row, Question* question) {
  const int digits = question->op == Operation::kMul ? question->n - question->n / 2 : question->n;
  for (int i = 0; i < digits; i += 2) {
    const PhiloxBlock words = DrawBlock(seed, stream, step, row, static_cast<uint32_t>(i / 2));
    question->a[i] = static_cast<uint8_t>(Below(words[0], 10));
    question->b[i] = static_cast<uint8_t>(Below(words[1], 10));
    if (i + 1 == digits) break;
    question->a[i + 1] = static_cast<uint8_t>(Below(words[2], 10));
    question->b[i + 1] = static_cast<uint8_t>(Below(words[3], 10));
  }
}

BatchDraw::BatchDraw(uint64_t seed, Stream stream, uint64_t step, Enrichment enrichment)
    : seed_(seed),
      stream_(stream),
      step_(step),
      enrichment_(enrichment),
      words_(DrawBlock(seed, stream, step, kBatchRow, 0)) {}

Operation BatchDraw::BatchOperation(const TrainSpec& spec) const {
  const Shares shares = SharesOf(spec);
  if (Happens(words_[3], shares.mul / 100.0)) return Operation::kMul;
  return Happens(words_[3], (shares.mul + shares.sub) / 100.0) ? Operation::kSub : Operation::kAdd;
}

bool BatchDraw::Enriched(Operation op) const {
  switch (enrichment_) {
    case Enrichment::kNone:
      return false;
    case Enrichment::kPaper1:  // knows additions only
      return op == Operation::kAdd && Happens(words_[0], 0.2);
    case Enrichment::kPaper2:
      return op != Operation::kMul && Happens(words_[0], 0.4);
  }
  return false;
}

// Sets D = 9 - D' (or D' = 9 - D) in a random share of the cells.
void BatchDraw::EnrichAddition(uint32_t row, Question* question) const {
  const double cell_share = enrichment_ == Enrichment::kPaper2 ? 0.4 : 0.2;
  const bool set_first = Happens(words_[1], 0.5);
  for (int i = 0; i < question->n; i += 4) {
    const PhiloxBlock words = DrawBlock(seed_, stream_, step_, row, kEnrichmentColumn + static_cast<uint32_t>(i / 4));
    for (int j = 0; j < 4 && i + j < question->n; ++j) {
      if (!Happens(words[j], cell_share)) continue;
      uint8_t& digit = set_first ? question->a[i + j] : question->b[i + j];
      digit = static_cast<uint8_t>(9 - (set_first ? question->b[i + j] : question->a[i + j]));
    }
  }
}

// Raises every D' below 9 by one, or in 1 of 100 batches makes the operands equal.
void BatchDraw::EnrichSubtraction(Question* question) const {
  const bool all_equal = Happens(words_[2], 0.01);
  for (int i = 0; i < question->n; ++i) {
    if (all_equal) {
      question->b[i] = question->a[i];
    } else if (question->b[i] < 9) {
      ++question->b[i];
    }
  }
}

void BatchDraw::Draw(uint32_t row, Question* question) const {
  DrawDigits(seed_, stream_, step_, row, question);
  if (!Enriched(question->op)) return;
  if (question->op == Operation::kSub) {
    EnrichSubtraction(question);
  } else {
    EnrichAddition(row, question);
  }
}

void FillTrainingBatch(const TrainSpec& spec, uint64_t step, Questions* batch) {
  const BatchDraw draw(spec.seed, Stream::kTraining, step, spec.enrichment);
  const auto rows = static_cast<uint32_t>(spec.batch_size);
  const std::vector<Operation> operations = OperationsOf(spec.operation);
  Question blank;
  blank.n = spec.n_digits;
  blank.op = operations.size() == 1 ? operations[0] : draw.BatchOperation(spec);
  batch->assign(rows, blank);
  if (operations.size() > 1 && spec.grokfast) {
    const Shares shares = SharesOf(spec);
    const uint32_t products = rows * shares.mul / 100, differences = rows * shares.sub / 100;
    for (uint32_t row = 0; row < rows; ++row) {
      (*batch)[row].op = row < products                 ? Operation::kMul
                         : row < products + differences ? Operation::kSub
                                                        : Operation::kAdd;
    }
  }
  for (uint32_t row = 0; row < rows; ++row) draw.Draw(row, &(*batch)[row]);
}

Questions TrainingBatch(const TrainSpec& spec, uint64_t step) {
  Questions batch;
  FillTrainingBatch(spec, step, &batch);
  return batch;
}

}  // namespace sumscope::engine
