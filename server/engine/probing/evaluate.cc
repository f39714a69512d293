#include "server/engine/probing/evaluate.h"

#include <algorithm>
#include <cmath>

#include "server/engine/model/answer_forward.h"
#include "server/engine/probing/evaluate_tally.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// Questions per forward pass: 512 of small models; fewer of large ones, so that a cancel is heard within about a
// second.
int64_t BatchSize(const ModelConfig& c) {
  constexpr double kBatchFlops = 30e9;
  const double per_row = 4.0 * c.n_layers * c.d_model * (2.0 * c.n_heads * c.d_head + c.d_mlp);
  return std::clamp<int64_t>(static_cast<int64_t>(kBatchFlops / (per_row * c.n_ctx)), 1, 512);
}

// A model made ready to answer many questions: its weights on the device, its table computed once.
class Answerer {
 public:
  explicit Answerer(const Model& model)
      : encoding_(model.n_digits, model.format),
        weights_(CheckedWeights(model.config, model.weights, model.device, Dtype(model))),
        forward_(model.config, BindWeights(model.config, weights_),
                 AnswerForward::Pairs::All(encoding_, model.device, Dtype(model)), model.device) {
    if (model.config.n_ctx != encoding_.n_ctx() || model.config.d_vocab != encoding_.d_vocab()) {
      throw Error(ErrorKind::kInvalidArgument, "WRONG_DIGITS",
                  "n_ctx and d_vocab do not fit the digits and the format");
    }
    table_ = forward_.MakeTable(encoding_.first_answer_row(), encoding_.n_answer());
  }

  const Encoding& encoding() const { return encoding_; }

  // Logits [count, row_count, d_vocab] on the CPU, from answer row `first` on.
  torch::Tensor Logits(const torch::Tensor& tokens, int64_t first, int64_t row_count) const {
    return forward_.Forward(tokens, table_, encoding_.first_answer_row() + first, row_count)
        .to(torch::kCPU)
        .contiguous();
  }

  // The tokens with their answers replaced by what the model itself writes, greedily.
  torch::Tensor Generate(const torch::Tensor& tokens) const {
    torch::Tensor lines = tokens.clone();
    for (int64_t j = 0; j < encoding_.n_answer(); ++j) {
      lines.select(1, encoding_.n_question() + j).copy_(Logits(lines, j, 1).squeeze(1).argmax(-1));
    }
    return lines;
  }

 private:
  static torch::ScalarType Dtype(const Model& model) {
    return !model.weights.empty() && model.weights.front().second.scalar_type() == torch::kFloat64 ? torch::kFloat64
                                                                                                   : torch::kFloat32;
  }

  const Encoding encoding_;
  const NamedTensors weights_;
  const AnswerForward forward_;
  AnswerForward::Table table_;
};

void Read(const torch::Tensor& logits, int64_t q, const int64_t* truth, AnswerReading* reading) {
  const int rows = static_cast<int>(logits.size(1)), d_vocab = static_cast<int>(logits.size(2));
  if (logits.scalar_type() == torch::kFloat64) {
    ReadAnswer(logits.data_ptr<double>() + q * rows * d_vocab, truth, rows, d_vocab, reading);
  } else {
    ReadAnswer(logits.data_ptr<float>() + q * rows * d_vocab, truth, rows, d_vocab, reading);
  }
}

}  // namespace

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
      Read(logits, static_cast<int64_t>(q), own, &reading);
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
      Read(logits, static_cast<int64_t>(q),
           tokens.data_ptr<int64_t>() + static_cast<int64_t>(q) * encoding.n_ctx() + encoding.n_question(), &reading);
      for (const double loss : reading.loss) sum += loss;
    }
    const double done = static_cast<double>(first + batch.size()) / static_cast<double>(total);
    Report(progress, done);
  }
  return sum / static_cast<double>(total * static_cast<uint64_t>(encoding.n_answer()));
}

}  // namespace sumscope::engine
