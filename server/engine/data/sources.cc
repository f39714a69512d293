#include "server/engine/data/sources.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/data/column_kinds.h"
#include "server/engine/data/training_batch.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr uint64_t kEnrichedBatch = 64;

void CheckSource(int n, uint64_t count) {
  if (n < kMinDigits || n > kMaxDigits) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_DIGITS", "digits must be 2..20, not " + std::to_string(n));
  }
  if (count < 1 || count > kMaxQuestions) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_COUNT", "the number of questions must be 1..1,000,000,000");
  }
}

// A source that makes each question alone, from a blank one with its operation and n. With several operations they
// take turns.
class EachAlone : public QuestionSource {
 public:
  EachAlone(std::vector<Operation> operations, int n, uint64_t count)
      : operations_(std::move(operations)), n_(n), count_(count) {
    CheckSource(n, count);
  }
  uint64_t count() const override { return count_; }
  void Fill(uint64_t first, uint64_t count, Questions* questions) const override {
    Question blank;
    blank.n = n_;
    questions->assign(count, blank);
    for (uint64_t q = 0; q < count; ++q) {
      Question& question = (*questions)[q];
      question.op = operations_[(first + q) % operations_.size()];
      Draw(first + q, &question);
    }
  }

 private:
  virtual void Draw(uint64_t index, Question* question) const = 0;

  const std::vector<Operation> operations_;
  const int n_;
  const uint64_t count_;
};

class Uniform final : public EachAlone {
 public:
  Uniform(std::vector<Operation> operations, int n, uint64_t count, uint64_t seed, Stream stream)
      : EachAlone(std::move(operations), n, count), seed_(seed), stream_(stream) {}

 private:
  void Draw(uint64_t index, Question* question) const override {
    DrawDigits(seed_, stream_, 0, static_cast<uint32_t>(index), question);
  }
  const uint64_t seed_;
  const Stream stream_;
};

class Enriched final : public EachAlone {
 public:
  Enriched(std::vector<Operation> operations, int n, uint64_t count, uint64_t seed, Enrichment enrichment)
      : EachAlone(std::move(operations), n, count), seed_(seed), enrichment_(enrichment) {}

 private:
  void Draw(uint64_t index, Question* question) const override {
    BatchDraw(seed_, Stream::kAnalysis, kEnrichedStep + index / kEnrichedBatch, enrichment_)
        .Draw(static_cast<uint32_t>(index % kEnrichedBatch), question);
  }
  const uint64_t seed_;
  const Enrichment enrichment_;
};

class OfClass final : public EachAlone {
 public:
  OfClass(QuestionClass question_class, int n, uint64_t count, uint64_t seed)
      : EachAlone({ClassOperation(question_class)}, n, count),
        seed_(seed),
        step_(1 + static_cast<uint64_t>(question_class)),
        table_(question_class, n) {
    if (table_.share() > 0) return;
    throw Error(
        ErrorKind::kInvalidArgument, "CLASS_IMPOSSIBLE",
        std::string("no question of ") + std::to_string(n) + " digits is in class " + ClassName(question_class));
  }

 private:
  void Draw(uint64_t index, Question* question) const override {
    ClassState state;
    for (int i = question->n - 1; i >= 0; --i) {
      const PhiloxBlock words = DrawBlock(seed_, Stream::kAnalysis, step_, static_cast<uint32_t>(index),
                                          kPairColumn + static_cast<uint32_t>(i));
      const ColumnKind kind = table_.Choose(i, state, words[0] / 4294967296.0);
      const auto& pairs = PairsOf(question->op, kind);
      const auto& pair = pairs[Below(words[1], static_cast<uint32_t>(pairs.size()))];
      question->a[i] = pair.first;
      question->b[i] = pair.second;
      state = state.Next(kind);
    }
  }
  const uint64_t seed_, step_;
  const ClassTable table_;
};

using DigitPairs = std::vector<std::pair<uint8_t, uint8_t>>;

DigitPairs PairsOfKinds(Operation op, const std::vector<ColumnKind>& kinds) {
  DigitPairs pairs;
  for (const ColumnKind kind : kinds) {
    const DigitPairs& some = PairsOf(op, kind);
    pairs.insert(pairs.end(), some.begin(), some.end());
  }
  return pairs;
}

// Redraws column i among the given pairs.
void DrawPair(uint64_t seed, uint64_t step, uint64_t index, int i, const DigitPairs& pairs, Question* question) {
  const PhiloxBlock words =
      DrawBlock(seed, Stream::kAnalysis, step, static_cast<uint32_t>(index), kPairColumn + static_cast<uint32_t>(i));
  const auto& pair = pairs[Below(words[1], static_cast<uint32_t>(pairs.size()))];
  question->a[i] = pair.first;
  question->b[i] = pair.second;
}

[[noreturn]] void FailColumn(const std::string& message) {
  throw Error(ErrorKind::kInvalidArgument, "BAD_COLUMN", message);
}

class Tricase final : public EachAlone {
 public:
  Tricase(Operation op, int n, int digit, uint64_t count_per_case, uint64_t seed)
      : EachAlone({op}, n, 3 * std::min(count_per_case, kMaxQuestions)),
        seed_(seed),
        digit_(digit),
        count_per_case_(count_per_case),
        pairs_{PairsOfKinds(op, {ColumnKind::kStop}), PairsOfKinds(op, {ColumnKind::kPass, ColumnKind::kZeroEqual}),
               PairsOfKinds(op, {ColumnKind::kMake})} {
    if (digit < 0 || digit >= n) FailColumn("a column must be 0.." + std::to_string(n - 1));
  }

 private:
  void Draw(uint64_t index, Question* question) const override {
    const uint64_t step = kTricaseStep + static_cast<uint64_t>(digit_);
    DrawDigits(seed_, Stream::kAnalysis, step, static_cast<uint32_t>(index), question);
    DrawPair(seed_, step, index, digit_, pairs_[index / count_per_case_], question);
  }
  const uint64_t seed_;
  const int digit_;
  const uint64_t count_per_case_;
  const std::array<DigitPairs, 3> pairs_;  // cases 8, 9, 10; or 1, 0, -1
};

class LookBack final : public EachAlone {
 public:
  LookBack(Operation op, int n, int i, int m, uint64_t count, uint64_t seed, bool exchanged)
      : EachAlone({op}, n, count),
        seed_(seed),
        i_(i),
        m_(m),
        exchanged_(exchanged),
        passing_(PairsOfKinds(op, {ColumnKind::kPass, ColumnKind::kZeroEqual})),
        deciding_(PairsOfKinds(op, {ColumnKind::kStop, ColumnKind::kMake})) {
    const int last = op == Operation::kAdd ? n : n - 1;
    if (i < 1 || i > last) FailColumn("an answer digit must be 1.." + std::to_string(last));
    if (m < 0 || m >= i) FailColumn("the columns looked over must be 0.." + std::to_string(i - 1));
  }

 private:
  void Draw(uint64_t index, Question* question) const override {
    const Question blank = *question;
    uint64_t step = kLookBackStep + static_cast<uint64_t>(i_) * 256 + static_cast<uint64_t>(m_);
    DrawAttempt(step, index, question);
    while (question->op == Operation::kSub && CompareOperands(*question) < 0) {
      step += 65536;
      *question = blank;
      DrawAttempt(step, index, question);
    }
    if (exchanged_) std::swap(question->a, question->b);
  }
  void DrawAttempt(uint64_t step, uint64_t index, Question* question) const {
    DrawDigits(seed_, Stream::kAnalysis, step, static_cast<uint32_t>(index), question);
    if (i_ < question->n) DrawPair(seed_, step, index, i_, deciding_, question);
    for (int j = i_ - 1; j >= i_ - m_; --j) DrawPair(seed_, step, index, j, passing_, question);
    DrawPair(seed_, step, index, i_ - m_ - 1, deciding_, question);
  }
  const uint64_t seed_;
  const int i_, m_;
  const bool exchanged_;
  const DigitPairs passing_, deciding_;
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

std::unique_ptr<QuestionSource> Stratified(const std::vector<Operation>& operations, int n, uint64_t count_per_class,
                                           uint64_t seed) {
  CheckSource(n, count_per_class);
  std::vector<std::unique_ptr<QuestionSource>> parts;
  for (const Operation op : operations) {
    CellNames(op);  // throws for products
    for (const QuestionClass question_class : ClassesOf(op, n)) {
      parts.push_back(ClassSource(question_class, n, count_per_class, seed));
    }
  }
  CheckSource(n, count_per_class * parts.size());
  return std::make_unique<Joined>(std::move(parts));
}

}  // namespace

std::unique_ptr<QuestionSource> UniformSource(Operation op, int n, uint64_t count, uint64_t seed, Stream stream) {
  return std::make_unique<Uniform>(std::vector<Operation>{op}, n, count, seed, stream);
}

std::unique_ptr<QuestionSource> UniformSource(TrainOperation operation, int n, uint64_t count, uint64_t seed,
                                              Stream stream) {
  return std::make_unique<Uniform>(OperationsOf(operation), n, count, seed, stream);
}

std::unique_ptr<QuestionSource> ClassSource(QuestionClass question_class, int n, uint64_t count, uint64_t seed) {
  CheckSource(n, count);
  return std::make_unique<OfClass>(question_class, n, count, seed);
}

std::unique_ptr<QuestionSource> StratifiedSource(Operation op, int n, uint64_t count_per_class, uint64_t seed) {
  return Stratified({op}, n, count_per_class, seed);
}

std::unique_ptr<QuestionSource> StratifiedSource(TrainOperation operation, int n, uint64_t count_per_class,
                                                 uint64_t seed) {
  return Stratified(OperationsOf(operation), n, count_per_class, seed);
}

std::unique_ptr<QuestionSource> EnrichedSource(TrainOperation operation, int n, uint64_t count, uint64_t seed,
                                               Enrichment enrichment) {
  return std::make_unique<Enriched>(OperationsOf(operation), n, count, seed, enrichment);
}

std::unique_ptr<QuestionSource> TricaseSource(Operation op, int n, int digit, uint64_t count_per_case, uint64_t seed) {
  CellNames(op);  // throws for products
  return std::make_unique<Tricase>(op, n, digit, count_per_case, seed);
}

std::unique_ptr<QuestionSource> LookBackSource(Operation op, int n, int i, int m, uint64_t count, uint64_t seed,
                                               bool exchanged) {
  CellNames(op);  // throws for products
  return std::make_unique<LookBack>(op, n, i, m, count, seed, exchanged);
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
