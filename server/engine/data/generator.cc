#include "server/engine/data/generator.h"

#include <utility>

#include "server/engine/data/column_kinds.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr uint32_t kBatchRow = 0xFFFFFFFFu;
constexpr uint32_t kEnrichmentColumn = 16;
constexpr uint32_t kClassColumn = 32;

void DrawDigits(uint64_t seed, Stream stream, uint64_t step, uint32_t row, Question* question) {
  for (int i = 0; i < question->n; i += 2) {
    const PhiloxBlock words = DrawBlock(seed, stream, step, row, static_cast<uint32_t>(i / 2));
    question->a[i] = static_cast<uint8_t>(Below(words[0], 10));
    question->b[i] = static_cast<uint8_t>(Below(words[1], 10));
    if (i + 1 == question->n) break;
    question->a[i + 1] = static_cast<uint8_t>(Below(words[2], 10));
    question->b[i + 1] = static_cast<uint8_t>(Below(words[3], 10));
  }
}

// Sets D = 9 - D' (or D' = 9 - D) in a random share of the cells.
void EnrichAddition(const TrainSpec& spec, uint64_t step, uint32_t row, double cell_share, bool set_first,
                    Question* question) {
  for (int i = 0; i < question->n; i += 4) {
    const PhiloxBlock words =
        DrawBlock(spec.seed, Stream::kTraining, step, row, kEnrichmentColumn + static_cast<uint32_t>(i / 4));
    for (int j = 0; j < 4 && i + j < question->n; ++j) {
      if (!Happens(words[j], cell_share)) continue;
      uint8_t& digit = set_first ? question->a[i + j] : question->b[i + j];
      digit = static_cast<uint8_t>(9 - (set_first ? question->b[i + j] : question->a[i + j]));
    }
  }
}

void EnrichSubtraction(bool all_equal, Question* question) {
  for (int i = 0; i < question->n; ++i) {
    if (all_equal) {
      question->b[i] = question->a[i];
    } else if (question->b[i] < 9) {
      ++question->b[i];
    }
  }
}

void CheckSource(Operation op, int n, uint64_t count) {
  if (op == Operation::kMul) {
    throw Error(ErrorKind::kInvalidArgument, "OPERATION_NOT_SUPPORTED", "no question sets of products yet");
  }
  if (n < kMinDigits || n > kMaxDigits) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_DIGITS", "digits must be 2..20, not " + std::to_string(n));
  }
  if (count < 1 || count > kMaxQuestions) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_COUNT", "the number of questions must be 1..1,000,000,000");
  }
}

class Uniform final : public QuestionSource {
 public:
  Uniform(Operation op, int n, uint64_t count, uint64_t seed, Stream stream)
      : count_(count), seed_(seed), stream_(stream) {
    CheckSource(op, n, count);
    blank_.op = op;
    blank_.n = n;
  }
  uint64_t count() const override { return count_; }
  void Fill(uint64_t first, uint64_t count, Questions* questions) const override {
    questions->assign(count, blank_);
    for (uint64_t i = 0; i < count; ++i) {
      DrawDigits(seed_, stream_, 0, static_cast<uint32_t>(first + i), &(*questions)[i]);
    }
  }

 private:
  const uint64_t count_, seed_;
  const Stream stream_;
  Question blank_;
};

class OfClass final : public QuestionSource {
 public:
  OfClass(QuestionClass question_class, int n, uint64_t count, uint64_t seed)
      : count_(count), seed_(seed), step_(1 + static_cast<uint64_t>(question_class)), table_(question_class, n) {
    CheckSource(ClassOperation(question_class), n, count);
    if (table_.share() <= 0) {
      throw Error(
          ErrorKind::kInvalidArgument, "CLASS_IMPOSSIBLE",
          std::string("no question of ") + std::to_string(n) + " digits is in class " + ClassName(question_class));
    }
    blank_.op = ClassOperation(question_class);
    blank_.n = n;
  }
  uint64_t count() const override { return count_; }
  void Fill(uint64_t first, uint64_t count, Questions* questions) const override {
    questions->assign(count, blank_);
    for (uint64_t q = 0; q < count; ++q) {
      Question& question = (*questions)[q];
      ClassState state;
      for (int i = question.n - 1; i >= 0; --i) {
        const PhiloxBlock words = DrawBlock(seed_, Stream::kAnalysis, step_, static_cast<uint32_t>(first + q),
                                            kClassColumn + static_cast<uint32_t>(i));
        const ColumnKind kind = table_.Choose(i, state, words[0] / 4294967296.0);
        const auto& pairs = PairsOf(question.op, kind);
        const auto& pair = pairs[Below(words[1], static_cast<uint32_t>(pairs.size()))];
        question.a[i] = pair.first;
        question.b[i] = pair.second;
        state = state.Next(kind);
      }
    }
  }

 private:
  const uint64_t count_, seed_, step_;
  const ClassTable table_;
  Question blank_;
};

// Several sources, one after the other.
class Joined final : public QuestionSource {
 public:
  explicit Joined(std::vector<std::unique_ptr<QuestionSource>> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_) count_ += part->count();
  }
  uint64_t count() const override { return count_; }
  void Fill(uint64_t first, uint64_t count, Questions* questions) const override {
    questions->clear();
    Questions some;
    for (const auto& part : parts_) {
      if (count == 0) break;
      if (first >= part->count()) {
        first -= part->count();
        continue;
      }
      const uint64_t taken = std::min(count, part->count() - first);
      part->Fill(first, taken, &some);
      questions->insert(questions->end(), some.begin(), some.end());
      first = 0;
      count -= taken;
    }
  }

 private:
  const std::vector<std::unique_ptr<QuestionSource>> parts_;
  uint64_t count_ = 0;
};

class List final : public QuestionSource {
 public:
  explicit List(Questions questions) : questions_(std::move(questions)) {}
  uint64_t count() const override { return questions_.size(); }
  void Fill(uint64_t first, uint64_t count, Questions* questions) const override {
    const auto begin = questions_.begin() + static_cast<int64_t>(first);
    questions->assign(begin, begin + static_cast<int64_t>(count));
  }

 private:
  const Questions questions_;
};

}  // namespace

void FillTrainingBatch(const TrainSpec& spec, uint64_t step, Questions* batch) {
  Question blank;
  blank.op = QuestionOperation(spec.operation);
  blank.n = spec.n_digits;
  batch->assign(static_cast<size_t>(spec.batch_size), blank);
  const PhiloxBlock words = DrawBlock(spec.seed, Stream::kTraining, step, kBatchRow, 0);
  const bool subtraction = blank.op == Operation::kSub;
  const double batch_share = spec.enrichment == Enrichment::kNone     ? 0.0
                             : spec.enrichment == Enrichment::kPaper2 ? 0.4
                             : subtraction                            ? 0.0  // paper 1 knows additions only
                                                                      : 0.2;
  const double cell_share = spec.enrichment == Enrichment::kPaper2 ? 0.4 : 0.2;
  const bool enriched = Happens(words[0], batch_share);
  for (uint32_t row = 0; row < static_cast<uint32_t>(spec.batch_size); ++row) {
    Question& question = (*batch)[row];
    DrawDigits(spec.seed, Stream::kTraining, step, row, &question);
    if (!enriched) continue;
    if (subtraction) {
      EnrichSubtraction(Happens(words[2], 0.01), &question);
    } else {
      EnrichAddition(spec, step, row, cell_share, Happens(words[1], 0.5), &question);
    }
  }
}

Questions TrainingBatch(const TrainSpec& spec, uint64_t step) {
  Questions batch;
  FillTrainingBatch(spec, step, &batch);
  return batch;
}

std::unique_ptr<QuestionSource> UniformSource(Operation op, int n, uint64_t count, uint64_t seed, Stream stream) {
  return std::make_unique<Uniform>(op, n, count, seed, stream);
}

std::unique_ptr<QuestionSource> ClassSource(QuestionClass question_class, int n, uint64_t count, uint64_t seed) {
  CheckSource(ClassOperation(question_class), n, count);
  return std::make_unique<OfClass>(question_class, n, count, seed);
}

std::unique_ptr<QuestionSource> StratifiedSource(Operation op, int n, uint64_t count_per_class, uint64_t seed) {
  CheckSource(op, n, count_per_class);
  std::vector<std::unique_ptr<QuestionSource>> parts;
  for (const QuestionClass question_class : ClassesOf(op, n)) {
    parts.push_back(ClassSource(question_class, n, count_per_class, seed));
  }
  CheckSource(op, n, count_per_class * parts.size());
  return std::make_unique<Joined>(std::move(parts));
}

std::unique_ptr<QuestionSource> ListSource(Questions questions) {
  if (questions.empty()) throw Error(ErrorKind::kInvalidArgument, "BAD_COUNT", "an empty list of questions");
  for (const Question& question : questions) {
    if (question.n == questions.front().n) continue;
    throw Error(ErrorKind::kInvalidArgument, "WRONG_DIGITS", "questions of different numbers of digits in one list");
  }
  return std::make_unique<List>(std::move(questions));
}

}  // namespace sumscope::engine
