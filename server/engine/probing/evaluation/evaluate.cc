#include "server/engine/probing/evaluation/evaluate.h"

#include <algorithm>

#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/evaluation/evaluate_tally.h"

namespace sumscope::engine {

EvaluateResult Evaluate(const Model& model, const QuestionSource& questions, const EvaluateRequest& request,
                        const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  const Answerer answerer(model);
  const Encoding& encoding = answerer.encoding();
  EvaluateTally tally(encoding, request.worst_count);
  const uint64_t total = questions.count(), batch_size = static_cast<uint64_t>(BatchSize(model.config));
  const uint64_t to_generate = request.generate ? total : std::min(total, kGeneratedSample);
  Questions batch;
  AnswerReading reading;
  std::vector<bool> right;
  for (uint64_t first = 0; first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    const torch::Tensor tokens = encoding.Encode(batch);
    const torch::Tensor logits = answerer.Logits(tokens, 0, encoding.n_answer());
    const int64_t* truth = tokens.data_ptr<int64_t>() + encoding.n_question();
    right.assign(batch.size(), false);
    for (size_t q = 0; q < batch.size(); ++q) {
      const int64_t* own = truth + q * static_cast<size_t>(encoding.n_ctx());
      ReadAnswer(logits, static_cast<int64_t>(q), own, &reading);
      right[q] = std::equal(reading.predicted.begin(), reading.predicted.end(), own);
      tally.AddForced(batch[q], own, reading);
    }
    if (first < to_generate) {
      const auto count = static_cast<int64_t>(std::min<uint64_t>(batch.size(), to_generate - first));
      const torch::Tensor lines = answerer.Generate(tokens.slice(0, 0, count));
      const int64_t* generated = lines.data_ptr<int64_t>() + encoding.n_question();
      for (int64_t q = 0; q < count; ++q) {
        tally.AddGenerated(generated + q * encoding.n_ctx(), truth + q * encoding.n_ctx(),
                           right[static_cast<size_t>(q)]);
      }
    }
    const double done = static_cast<double>(first + batch.size()) / static_cast<double>(total);
    Report(progress, done);
  }
  return tally.Finish();
}

double HeldoutLoss(const Model& model, const QuestionSource& questions, const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  const Answerer answerer(model);
  const Encoding& encoding = answerer.encoding();
  const uint64_t total = questions.count(), batch_size = static_cast<uint64_t>(BatchSize(model.config));
  Questions batch;
  AnswerReading reading;
  double sum = 0;
  for (uint64_t first = 0; first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    const torch::Tensor tokens = encoding.Encode(batch);
    const torch::Tensor logits = answerer.Logits(tokens, 0, encoding.n_answer());
    for (size_t q = 0; q < batch.size(); ++q) {
      ReadAnswer(logits, static_cast<int64_t>(q),
                 tokens.data_ptr<int64_t>() + static_cast<int64_t>(q) * encoding.n_ctx() + encoding.n_question(),
                 &reading);
      for (const double loss : reading.loss) sum += loss;
    }
    const double done = static_cast<double>(first + batch.size()) / static_cast<double>(total);
    Report(progress, done);
  }
  return sum / static_cast<double>(total * static_cast<uint64_t>(encoding.n_answer()));
}

}  // namespace sumscope::engine
