#include "server/engine/probing/evaluation/evaluate.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "server/engine/model/tiles/tile_unit.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/evaluation/evaluate_tally.h"
#include "server/engine/probing/evaluation/loss_sample.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {

namespace {

// The questions of one batch: read, added up, written by the model itself.
class BatchEvaluation {
 public:
  BatchEvaluation(const Answerer& answerer, const LossSample& sample, EvaluateTally* tally)
      : answerer_(answerer), encoding_(answerer.encoding()), sample_(sample), tally_(tally) {}

  // Questions first .. of the source; the first `to_generate` are generated as well.
  void Add(uint64_t first, const Questions& questions, uint64_t to_generate) {
    tokens_ = encoding_.Encode(questions);
    in_sample_.assign(questions.size(), false);
    for (size_t q = 0; q < questions.size(); ++q) in_sample_[q] = sample_.Has(first + q);
    Read();
    for (size_t q = 0; q < questions.size(); ++q) {
      tally_->AddForced(first + q, questions[q], Truth(q), readings_[q], in_sample_[q]);
    }
    Generate(std::min<uint64_t>(to_generate, questions.size()));
  }

 private:
  void Read() {
    std::vector<int64_t> with_loss, without, wrong;
    for (size_t q = 0; q < in_sample_.size(); ++q)
      (in_sample_[q] ? with_loss : without).push_back(static_cast<int64_t>(q));
    answerer_.Read(tokens_, with_loss, /*with_loss=*/true, &readings_);
    answerer_.Read(tokens_, without, /*with_loss=*/false, &readings_);
    for (const int64_t q : without) {
      if (wrong.size() == tally_->wrong_to_read()) break;
      const auto i = static_cast<size_t>(q);
      if (readings_[i].loss.empty() && !Right(i)) wrong.push_back(q);
    }
    answerer_.Read(tokens_, wrong, /*with_loss=*/true, &readings_);
  }

  void Generate(uint64_t count) {
    // What tables settle and find right, the model writes: each token is what it answers to the true ones before it.
    std::vector<int64_t> unlike;
    for (size_t q = 0; q < count; ++q) {
      if (readings_[q].by_forward_pass || !Right(q)) {
        unlike.push_back(static_cast<int64_t>(q));
      } else {
        tally_->AddGenerated(Truth(q), Truth(q), /*forced_right=*/true);
      }
    }
    if (unlike.empty()) return;
    const torch::Tensor lines = answerer_.Generate(tokens_.index_select(0, torch::tensor(unlike, torch::kInt64)));
    const int64_t* generated = lines.data_ptr<int64_t>() + encoding_.n_question();
    for (const int64_t q : unlike) {
      tally_->AddGenerated(generated, Truth(static_cast<size_t>(q)), Right(static_cast<size_t>(q)));
      generated += encoding_.n_ctx();
    }
  }

  const int64_t* Truth(size_t q) const {
    return tokens_.data_ptr<int64_t>() + static_cast<int64_t>(q) * encoding_.n_ctx() + encoding_.n_question();
  }
  bool Right(size_t q) const {
    return std::equal(readings_[q].predicted.begin(), readings_[q].predicted.end(), Truth(q));
  }

  const Answerer& answerer_;
  const Encoding& encoding_;
  const LossSample& sample_;
  EvaluateTally* const tally_;
  torch::Tensor tokens_;
  std::vector<bool> in_sample_;
  std::vector<AnswerReading> readings_;
};

// Which evaluation a state is of. Whether it is screened follows from these and the model.
std::vector<uint64_t> Identity(uint64_t total, const EvaluateRequest& request, const Answerer& answerer) {
  constexpr uint64_t kVersion = 1;  // of what a tally saves
  return {kVersion,
          total,
          request.generate,
          request.loss_in_full,
          request.loss_sample,
          answerer.by_tables(),
          tiles::TileUnit::IsFast()};
}

}  // namespace

EvaluateResult Evaluate(const Model& model, const QuestionSource& questions, const EvaluateRequest& request,
                        const ProgressFn& progress, AnswerBy by, const EvaluateKeeping& keeping) {
  const torch::NoGradGuard no_grad;
  const uint64_t total = questions.count();
  double done = 0;
  Answerer answerer(model, {by, total, [&] { Report(progress, done); }});
  const uint64_t losses = request.loss_in_full ? total : std::min(total, request.loss_sample);
  const bool screens =
      by == AnswerBy::kScreen || (by == AnswerBy::kFastest && Screen::Pays(model.config, model.device));
  const auto batch_size = static_cast<uint64_t>(answerer.batch_size());
  EvaluateTally tally(answerer.encoding(), request.worst_count);
  const std::vector<uint64_t> identity = Identity(total, request, answerer);
  if (!keeping.from.empty() && (!tally.Restore(keeping.from, identity) || tally.count() % batch_size != 0)) {
    throw Error(ErrorKind::kCorrupt, "STATE_UNREADABLE", "the state is not one of this evaluation");
  }
  done = static_cast<double>(tally.count()) / static_cast<double>(total);
  if (screens && losses < total && !answerer.by_tables() && DtypeOf(model) == torch::kFloat32) {
    answerer.MakeScreen(questions, LossSample(total, losses), Part(progress, done, done));
  }
  const uint64_t to_generate = request.generate ? total : std::min(total, kGeneratedSample);
  const LossSample sample(total, answerer.by_tables() || answerer.screened() ? losses : total);
  BatchEvaluation evaluation(answerer, sample, &tally);
  Questions batch;
  for (uint64_t first = tally.count(); first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    evaluation.Add(first, batch, first < to_generate ? to_generate - first : 0);
    done = static_cast<double>(first + batch.size()) / static_cast<double>(total);
    Report(progress, done);
    if (keeping.keep && first + batch.size() < total) {
      keeping.keep(tally.count(), [&] { return tally.Save(identity); });
    }
  }
  EvaluateResult result = tally.Finish();
  result.by_tables = answerer.by_tables();
  result.screen_bound = answerer.screen_bound();
  return result;
}

double HeldoutLoss(const Model& model, const QuestionSource& questions, const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  const uint64_t total = questions.count();
  double done = 0;
  const Answerer answerer(model, {AnswerBy::kFastest, total, [&] { Report(progress, done); }});
  const Encoding& encoding = answerer.encoding();
  const auto batch_size = static_cast<uint64_t>(answerer.batch_size());
  Questions batch;
  std::vector<AnswerReading> readings;
  double sum = 0;
  for (uint64_t first = 0; first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    std::vector<int64_t> all(batch.size());
    std::iota(all.begin(), all.end(), 0);
    answerer.Read(encoding.Encode(batch), all, /*with_loss=*/true, &readings);
    for (size_t q = 0; q < batch.size(); ++q) {
      for (const double loss : readings[q].loss) sum += loss;
    }
    done = static_cast<double>(first + batch.size()) / static_cast<double>(total);
    Report(progress, done);
  }
  return sum / static_cast<double>(total * static_cast<uint64_t>(encoding.n_answer()));
}

}  // namespace sumscope::engine
