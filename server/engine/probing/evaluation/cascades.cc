#include "server/engine/probing/evaluation/cascades.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "server/engine/probing/arithmetic/look_back.h"
#include "server/engine/probing/evaluation/answerer.h"

namespace sumscope::engine {
namespace {

constexpr uint64_t kBatch = 512;

// Adds up one operation's questions beside every look-back-k.
class AgreementTally {
 public:
  AgreementTally(const Encoding& encoding, Operation operation) : encoding_(encoding) {
    const std::vector<uint64_t> zeros(static_cast<size_t>(encoding.n_answer()), 0);
    agreement_.operation = operation;
    agreement_.generated_digit_correct = zeros;
    for (int k = 0; k <= encoding.n_digits(); ++k) {
      const AgreementCounts none{0, zeros, 0, zeros};
      agreement_.by_k.push_back({k, 0, zeros, none, none});
    }
  }

  // Tokens of the true, the forced and the generated answer.
  void Add(const Question& question, const int64_t* truth, const int64_t* forced, const int64_t* generated) {
    const int tokens = encoding_.n_answer();
    ++agreement_.questions;
    agreement_.mistakes_forced += !std::equal(truth, truth + tokens, forced);
    agreement_.mistakes_generated += !std::equal(truth, truth + tokens, generated);
    for (int j = 0; j < tokens; ++j) {
      agreement_.generated_digit_correct[static_cast<size_t>(j)] += generated[j] == truth[j];
    }
    look_back_.resize(static_cast<size_t>(tokens));
    for (LookBackK& by : agreement_.by_k) {
      encoding_.EncodeAnswer(LookBackAnswer(question, by.k), look_back_.data());
      by.exact += std::equal(truth, truth + tokens, look_back_.data());
      cut_short_.assign(static_cast<size_t>(tokens), false);
      for (int i = 0; i <= question.n; ++i) {
        const auto j = static_cast<size_t>(encoding_.answer_index(i));
        cut_short_[j] = CutShort(question, i, by.k);
        by.cut_short[j] += cut_short_[j];
      }
      Count(truth, forced, &by.forced);
      Count(truth, generated, &by.generated);
    }
  }

  const LookBackAgreement& agreement() const { return agreement_; }

 private:
  void Count(const int64_t* truth, const int64_t* predicted, AgreementCounts* counts) const {
    bool all_agree = true, all_right = true;
    for (size_t j = 0; j < look_back_.size(); ++j) {
      const bool agree = predicted[j] == look_back_[j], right = predicted[j] == truth[j];
      counts->digit_agree[j] += agree;
      counts->wrong_cut_short[j] += !right && cut_short_[j];
      all_agree = all_agree && agree;
      all_right = all_right && right;
    }
    counts->agree += all_agree;
    counts->agree_on_mistakes += all_agree && !all_right;
  }

  const Encoding& encoding_;
  LookBackAgreement agreement_;
  std::vector<int64_t> look_back_;
  std::vector<bool> cut_short_;
};

std::vector<LookBackAgreement> Agreements(const Answerer& answerer, const QuestionSource& questions,
                                          const ProgressFn& progress) {
  const Encoding& encoding = answerer.encoding();
  std::map<Operation, AgreementTally> tallies;
  Questions batch;
  std::vector<AnswerReading> readings;
  for (uint64_t first = 0; first < questions.count(); first += kBatch) {
    questions.Fill(first, std::min(kBatch, questions.count() - first), &batch);
    const torch::Tensor tokens = encoding.Encode(batch);
    std::vector<int64_t> all(batch.size());
    std::iota(all.begin(), all.end(), 0);
    answerer.Read(tokens, all, /*with_loss=*/false, &readings);
    const torch::Tensor lines = answerer.Generate(tokens);
    for (size_t q = 0; q < batch.size(); ++q) {
      const int64_t answer = static_cast<int64_t>(q) * encoding.n_ctx() + encoding.n_question();
      tallies.try_emplace(batch[q].op, encoding, batch[q].op)
          .first->second.Add(batch[q], tokens.data_ptr<int64_t>() + answer, readings[q].predicted.data(),
                             lines.data_ptr<int64_t>() + answer);
    }
    Report(progress, static_cast<double>(first + batch.size()) / static_cast<double>(questions.count()));
  }
  std::vector<LookBackAgreement> agreements;
  for (const auto& [operation, tally] : tallies) agreements.push_back(tally.agreement());
  return agreements;
}

ClassTally ClassAccuracy(const AnswerFn& answer, const Encoding& encoding, QuestionClass question_class, uint64_t count,
                         uint64_t seed) {
  const auto source = ClassSource(question_class, encoding.n_digits(), count, seed);
  ClassTally tally{question_class, {count, 0, std::numeric_limits<double>::quiet_NaN()}};
  Questions batch;
  std::vector<int64_t> truth(static_cast<size_t>(encoding.n_answer()));
  for (uint64_t first = 0; first < count; first += kBatch) {
    source->Fill(first, std::min(kBatch, count - first), &batch);
    const torch::Tensor answers = answer(batch);
    for (size_t q = 0; q < batch.size(); ++q) {
      encoding.EncodeAnswer(TrueAnswer(batch[q]), truth.data());
      tally.tally.correct += std::equal(truth.begin(), truth.end(),
                                        answers.data_ptr<int64_t>() + static_cast<int64_t>(q) * encoding.n_answer());
    }
  }
  return tally;
}

}  // namespace

std::vector<LookBackDigit> LookBackVerdict(const AnswerFn& answer, const Encoding& encoding, Operation operation,
                                           bool exchanged, uint32_t per_cell, uint64_t seed,
                                           const ProgressFn& progress) {
  const int n = encoding.n_digits(), top = operation == Operation::kAdd ? n : n - 1;
  const int cells = top * (top + 1) / 2;
  std::vector<LookBackDigit> digits;
  int done = 0;
  Questions batch;
  for (int i = top; i >= 1; --i) {
    const std::vector<uint64_t> zeros(static_cast<size_t>(i), 0);
    LookBackDigit digit{i, zeros, zeros};
    const int j = encoding.answer_index(i);
    for (int m = 0; m < i; ++m, ++done) {
      const auto source = LookBackSource(operation, n, i, m, per_cell, seed, exchanged);
      for (uint64_t first = 0; first < per_cell; first += kBatch) {
        source->Fill(first, std::min<uint64_t>(kBatch, per_cell - first), &batch);
        const torch::Tensor answers = answer(batch);
        for (size_t q = 0; q < batch.size(); ++q) {
          const int64_t token = answers.data_ptr<int64_t>()[static_cast<int64_t>(q) * encoding.n_answer() + j];
          digit.right[static_cast<size_t>(m)] += token == TrueAnswer(batch[q]).digits[i];
          digit.other[static_cast<size_t>(m)] += token == OtherDigit(batch[q], i);
        }
        Report(progress, static_cast<double>(done) / cells);
      }
    }
    digits.push_back(std::move(digit));
  }
  return digits;
}

CascadesResult Cascades(const Model& model, const QuestionSource& questions, const CascadesRequest& request,
                        const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  double done = 0;
  const ProgressFn watched = [&](double share) { return done = share, !progress || progress(share); };
  const auto n_digits = static_cast<uint64_t>(model.n_digits);
  const uint64_t generated = static_cast<uint64_t>(request.operations.size()) * n_digits * n_digits * request.per_cell;
  const Answerer answerer(model, {AnswerBy::kFastest, questions.count() + generated, [&] { Report(watched, done); }});
  const Encoding& encoding = answerer.encoding();
  const AnswerFn answer = [&](const Questions& batch) {
    return answerer.Generate(encoding.Encode(batch)).slice(1, encoding.n_question()).contiguous();
  };
  CascadesResult result;
  result.per_cell = request.per_cell;
  result.heldout_loss = std::numeric_limits<double>::quiet_NaN();
  for (const Operation operation : request.operations) {
    const auto verdict = [&](bool exchanged, double from, double to) {
      return LookBackVerdict(answer, encoding, operation, exchanged, request.per_cell, request.seed,
                             Part(watched, from, to));
    };
    if (operation == Operation::kAdd) {
      result.additions = verdict(false, 0, 0.4);
      const auto heldout =
          UniformSource(Operation::kAdd, encoding.n_digits(), kHeldoutQuestions, /*seed=*/0, Stream::kHeldout);
      result.heldout_loss = HeldoutLoss(model, *heldout, Part(watched, 0.4, 0.4));
    } else {
      result.subtractions_positive = verdict(false, 0.4, 0.55);
      result.subtractions_negative = verdict(true, 0.55, 0.7);
    }
    for (const QuestionClass question_class : operation == Operation::kAdd
                                                  ? std::array{QuestionClass::kS0, QuestionClass::kS1}
                                                  : std::array{QuestionClass::kM0, QuestionClass::kM1}) {
      result.classes.push_back(ClassAccuracy(answer, encoding, question_class, request.per_cell, request.seed));
    }
  }
  result.agreements = Agreements(answerer, questions, Part(watched, 0.7, 1));
  return result;
}

}  // namespace sumscope::engine
