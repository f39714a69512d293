#include "server/engine/probing/evaluation/evaluate_tally.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/engine/probing/evaluation/state_bytes.h"

namespace sumscope::engine {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

template <typename T>
void ReadAnswer(const T* logits, const int64_t* truth, int n_answer, int d_vocab, AnswerReading* reading) {
  reading->predicted.resize(static_cast<size_t>(n_answer));
  reading->loss.resize(static_cast<size_t>(n_answer));
  reading->smallest_margin = std::numeric_limits<double>::infinity();
  for (int j = 0; j < n_answer; ++j, logits += d_vocab) {
    int best = 0;
    for (int t = 1; t < d_vocab; ++t) {
      if (logits[t] > logits[best]) best = t;
    }
    double second = -std::numeric_limits<double>::infinity(), total = 0;
    const double top = static_cast<double>(logits[best]);
    for (int t = 0; t < d_vocab; ++t) {
      const double logit = static_cast<double>(logits[t]);
      total += std::exp(logit - top);
      if (t != best) second = std::max(second, logit);
    }
    reading->predicted[static_cast<size_t>(j)] = best;
    reading->loss[static_cast<size_t>(j)] = std::log(total) - (static_cast<double>(logits[truth[j]]) - top);
    const double margin = std::isnan(total) ? kNaN : top - second;
    if (!std::isnan(reading->smallest_margin) && !(margin >= reading->smallest_margin)) {
      reading->smallest_margin = margin;
    }
  }
}
template void ReadAnswer(const float*, const int64_t*, int, int, AnswerReading*);
template void ReadAnswer(const double*, const int64_t*, int, int, AnswerReading*);

void EvaluateTally::Sum::Add(const Sum& other) {
  count += other.count;
  correct += other.correct;
  loss_count += other.loss_count;
  loss += other.loss;
}

Tally EvaluateTally::Sum::Mean() const {
  return {count, correct, loss_count == 0 ? kNaN : loss / static_cast<double>(loss_count), loss_count};
}

EvaluateTally::EvaluateTally(const Encoding& encoding, uint32_t worst_count)
    : encoding_(encoding),
      worst_count_(worst_count),
      digits_(static_cast<size_t>(encoding.n_answer())),
      generated_digits_(digits_.size()) {
  for (auto& operation : cells_) {
    for (auto& cell : operation) cell.resize(static_cast<size_t>(encoding.n_digits()));
  }
}

void EvaluateTally::AddForced(uint64_t index, const Question& question, const int64_t* truth,
                              const AnswerReading& reading, bool in_sample) {
  double loss = 0;
  bool exact = true;
  for (size_t j = 0; j < digits_.size(); ++j) {
    const bool right = reading.predicted[j] == truth[j];
    digits_[j].Add(right);
    exact = exact && right;
    if (reading.loss.empty()) continue;
    if (in_sample) digits_[j].AddLoss(reading.loss[j]);
    loss += reading.loss[j] / static_cast<double>(digits_.size());
  }
  exact_.Add(exact);
  if (in_sample) exact_.AddLoss(loss);
  near_ties_ += reading.smallest_margin < kNearTie;
  rechecked_ += reading.rechecked;
  screen_difference_ = std::max(screen_difference_, reading.screen_difference);
  wrong_beside_sample_ += !exact && !in_sample && !reading.by_forward_pass && !reading.loss.empty();
  if (question.op != Operation::kMul) {
    Sum& of_class = classes_[static_cast<size_t>(Classify(question))];
    of_class.Add(exact);
    if (in_sample) of_class.AddLoss(loss);
    AddColumns(question, truth, reading, in_sample);
  }
  if (!reading.loss.empty()) AddWorst(index, question, reading, loss);
}

void EvaluateTally::AddColumns(const Question& question, const int64_t* truth, const AnswerReading& reading,
                               bool in_sample) {
  const Columns columns = ColumnsOf(question);
  auto& cells = cells_[question.op == Operation::kSub];
  for (int i = 0; i <= question.n; ++i) {
    const auto j = static_cast<size_t>(encoding_.answer_index(i));
    const auto add = [&](Sum* sum) {
      sum->Add(reading.predicted[j] == truth[j]);
      if (in_sample) sum->AddLoss(reading.loss[j]);
    };
    if (i < question.n) add(&cells[columns.cell[i]][static_cast<size_t>(i)]);
    if (columns.carry[i]) add(&cascades_[{columns.length[i], -i}]);
  }
}

void EvaluateTally::AddWorst(uint64_t index, const Question& question, const AnswerReading& reading, double loss) {
  if (worst_count_ == 0) return;
  Worst worst{loss, index, question, {}};
  if (worst_.size() == worst_count_) {
    if (!(worst < worst_.front())) return;
    std::pop_heap(worst_.begin(), worst_.end());
    worst_.pop_back();
  }
  worst.predicted = reading.predicted;
  worst_.push_back(std::move(worst));
  std::push_heap(worst_.begin(), worst_.end());
}

void EvaluateTally::AddGenerated(const int64_t* generated, const int64_t* truth, bool forced_right) {
  bool exact = true;
  for (size_t j = 0; j < generated_digits_.size(); ++j) {
    generated_digits_[j].Add(generated[j] == truth[j]);
    exact = exact && generated[j] == truth[j];
  }
  generated_exact_.Add(exact);
  generated_agrees_ += exact == forced_right;
}

template <typename Bytes>
void EvaluateTally::Sum::Visit(Bytes* bytes) {
  bytes->Number(&count);
  bytes->Number(&correct);
  bytes->Number(&loss_count);
  bytes->Real(&loss);
}

template <typename Bytes>
void EvaluateTally::VisitCascades(Bytes* bytes) {
  std::vector<std::pair<std::pair<int, int>, Sum>> cascades(cascades_.begin(), cascades_.end());
  bytes->Size(&cascades, (kMaxDigits + 1) * (kMaxDigits + 1));
  for (auto& [key, sum] : cascades) {
    uint64_t length = static_cast<uint64_t>(key.first), digit = static_cast<uint64_t>(-key.second);
    bytes->Number(&length);
    bytes->Number(&digit);
    bytes->Require(length <= kMaxDigits && digit <= kMaxDigits);
    key = {static_cast<int>(length), -static_cast<int>(digit)};
    sum.Visit(bytes);
  }
  cascades_ = {cascades.begin(), cascades.end()};
}

template <typename Bytes>
void EvaluateTally::VisitWorst(Bytes* bytes) {
  bytes->Size(&worst_, worst_count_);
  for (Worst& worst : worst_) {
    bytes->Real(&worst.loss);
    bytes->Number(&worst.index);
    auto op = static_cast<uint8_t>(worst.question.op);
    bytes->Byte(&op);
    bytes->Require(op <= static_cast<uint8_t>(Operation::kMul));
    worst.question.op = static_cast<Operation>(op);
    worst.question.n = encoding_.n_digits();
    for (auto* number : {&worst.question.a, &worst.question.b}) {
      for (uint8_t& digit : *number) {
        bytes->Byte(&digit);
        bytes->Require(digit <= 9);
      }
    }
    worst.predicted.resize(digits_.size());
    for (int64_t& token : worst.predicted) {
      auto byte = static_cast<uint8_t>(token);
      bytes->Byte(&byte);
      bytes->Require(byte < encoding_.d_vocab());
      token = byte;
    }
  }
}

template <typename Bytes>
void EvaluateTally::Visit(Bytes* bytes) {
  bytes->Expect(worst_count_);
  bytes->Expect(static_cast<uint64_t>(encoding_.n_digits()));
  bytes->Expect(digits_.size());
  exact_.Visit(bytes);
  generated_exact_.Visit(bytes);
  for (auto* sums : {&digits_, &generated_digits_}) {
    for (Sum& sum : *sums) sum.Visit(bytes);
  }
  for (Sum& sum : classes_) sum.Visit(bytes);
  for (auto& operation : cells_) {
    for (auto& cell : operation) {
      for (Sum& column : cell) column.Visit(bytes);
    }
  }
  for (uint64_t* count : {&near_ties_, &rechecked_, &wrong_beside_sample_, &generated_agrees_}) {
    bytes->Number(count);
  }
  bytes->Real(&screen_difference_);
  VisitCascades(bytes);
  VisitWorst(bytes);
}

std::string EvaluateTally::Save(const std::vector<uint64_t>& of) const {
  EvaluateTally copy = *this;
  StateWriter bytes;
  for (const uint64_t number : of) bytes.Expect(number);
  copy.Visit(&bytes);
  return std::move(bytes).Take();
}

bool EvaluateTally::Restore(const std::string& bytes, const std::vector<uint64_t>& of) {
  StateReader reader(bytes);
  for (const uint64_t number : of) reader.Expect(number);
  Visit(&reader);
  return reader.ok() && reader.at_end() && std::is_heap(worst_.begin(), worst_.end());
}

EvaluateResult EvaluateTally::Finish() const {
  EvaluateResult result;
  result.exact = exact_.Mean();
  const std::vector<std::string>& names = encoding_.digit_names();
  for (size_t j = 0; j < digits_.size(); ++j) result.digits.push_back({names[j], digits_[j].Mean()});
  for (size_t c = 0; c < classes_.size(); ++c) {
    if (classes_[c].count > 0) result.classes.push_back({static_cast<QuestionClass>(c), classes_[c].Mean()});
  }
  for (const Operation op : {Operation::kAdd, Operation::kSub}) {
    const auto& cells = cells_[op == Operation::kSub];
    uint64_t present = 0;
    for (const auto& cell : cells) present += cell[0].count;
    if (present == 0) continue;
    for (size_t c = 0; c < kCells; ++c) {
      CellTally tally{CellNames(op)[c], {}, {}};
      Sum total;
      for (const Sum& column : cells[c]) {
        total.Add(column);
        tally.by_column.push_back(column.Mean());
      }
      tally.tally = total.Mean();
      result.cells.push_back(std::move(tally));
    }
  }
  for (const auto& [key, sum] : cascades_) {
    result.cascades.push_back({static_cast<uint32_t>(key.first), "A" + std::to_string(-key.second), sum.Mean()});
  }
  std::vector<Worst> worst = worst_;
  std::sort_heap(worst.begin(), worst.end());
  for (const Worst& w : worst) {
    result.worst.push_back({w.question, encoding_.Text(w.predicted.data(), encoding_.n_answer()), w.loss});
  }
  result.near_ties = near_ties_;
  result.rechecked = rechecked_;
  result.screen_difference = screen_difference_;
  result.generated_sample.exact = generated_exact_.Mean();
  for (size_t j = 0; j < generated_digits_.size(); ++j) {
    result.generated_sample.digits.push_back({names[j], generated_digits_[j].Mean()});
  }
  result.generated_sample.agrees_with_forced = generated_agrees_;
  return result;
}

}  // namespace sumscope::engine
