#include "server/engine/probing/interventions/ablation.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "server/engine/data/permutation.h"
#include "server/engine/probing/interventions/intervener/intervener.h"

namespace sumscope::engine {
namespace {

constexpr uint32_t kDonorColumn = 64;  // of the analysis stream

// Counts what one node set does, batch after batch.
struct Counter {
  Ablated ablated;
  double moved = 0;
  std::array<uint64_t, kQuestionClasses> failed_by_class{};
  std::map<Operation, uint64_t> failed_by_operation;
};

class Sweep {
 public:
  Sweep(const Model& model, const QuestionSource& questions, const AblationRequest& request, AnswerBy by,
        const ProgressFn& progress)
      : questions_(questions),
        request_(request),
        progress_(progress),
        intervener_(MakeIntervener(model, request.node_sets, ValueOf(request.mode), /*donors_answer=*/false, questions,
                                   by, Part(progress, 0, kMeansShare))),
        encoding_(intervener_->encoding()),
        batch_size_(static_cast<uint64_t>(intervener_->batch_size())),
        counters_(request.node_sets.size()) {
    const auto tokens = static_cast<size_t>(encoding_.n_answer());
    result_.unablated.failed_digits.assign(tokens, 0);
    unablated_loss_.assign(tokens, 0);
    for (size_t i = 0; i < counters_.size(); ++i) {
      Ablated& ablated = counters_[i].ablated;
      ablated.nodes = request.node_sets[i];
      ablated.failed_digits.assign(tokens, 0);
      ablated.failed_digits_of_right.assign(tokens, 0);
      ablated.changed_digits.assign(tokens, false);
      ablated.digit_loss.assign(tokens, 0);
    }
  }

  AblationResult Run() {
    const uint64_t total = questions_.count();
    if (request_.mode == AblationMode::kResample) donors_ = CyclicPermutation(total, request_.seed, kDonorColumn);
    for (uint64_t first = 0; first < total; first += batch_size_) {
      RunBatch(first, std::min(batch_size_, total - first));
    }
    return Finish();
  }

 private:
  static constexpr double kMeansShare = 0.05;  // of the progress

  static NodeValue ValueOf(AblationMode mode) {
    return mode == AblationMode::kMean   ? NodeValue::kMean
           : mode == AblationMode::kZero ? NodeValue::kZero
                                         : NodeValue::kDonor;
  }

  void RunBatch(uint64_t first, uint64_t count) {
    questions_.Fill(first, count, &batch_);
    tokens_ = encoding_.Encode(batch_);
    intervener_->Run(tokens_, request_.mode == AblationMode::kResample ? Donors(first, count) : torch::Tensor());
    ReadBaseline();
    const double total = static_cast<double>(questions_.count());
    for (size_t i = 0; i < counters_.size(); ++i) {
      RunSet(i);
      const double share = static_cast<double>(i + 1) / static_cast<double>(counters_.size());
      const double done = (static_cast<double>(first) + share * static_cast<double>(count)) / total;
      Report(progress_, kMeansShare + (1 - kMeansShare) * done);
    }
    if (counters_.empty()) Report(progress_, static_cast<double>(first + count) / total);
  }

  torch::Tensor Donors(uint64_t first, uint64_t count) {
    Questions donors, one;
    for (uint64_t q = first; q < first + count; ++q) {
      questions_.Fill(static_cast<uint64_t>(donors_[q]), 1, &one);
      donors.push_back(one.front());
    }
    return encoding_.Encode(donors);
  }

  const int64_t* Truth(size_t q) const {
    return tokens_.data_ptr<int64_t>() + static_cast<int64_t>(q) * encoding_.n_ctx() + encoding_.n_question();
  }

  void ReadBaseline() {
    right_.assign(batch_.size(), false);
    AblationBaseline& baseline = result_.unablated;
    for (size_t q = 0; q < batch_.size(); ++q) {
      const AnswerReading& reading = intervener_->unchanged()[q];
      bool right = true;
      for (size_t j = 0; j < baseline.failed_digits.size(); ++j) {
        const bool wrong = reading.predicted[j] != Truth(q)[j];
        baseline.failed_digits[j] += wrong;
        baseline.loss += reading.loss[j];
        unablated_loss_[j] += reading.loss[j];
        right = right && !wrong;
      }
      ++baseline.questions;
      baseline.right += right;
      baseline.near_ties += reading.smallest_margin < kNearTie;
      right_[q] = right;
      if (!right) continue;
      ++right_by_operation_[batch_[q].op];
      if (batch_[q].op != Operation::kMul) ++right_by_class_[static_cast<size_t>(Classify(batch_[q]))];
    }
  }

  void RunSet(size_t set) {
    intervener_->ReadMoved(set, &moved_);
    for (const double moved : moved_) counters_[set].moved += moved;
    if (!intervener_->Changes(set)) return;
    intervener_->Read(set, &readings_);
    for (size_t q = 0; q < batch_.size(); ++q) Count(q, readings_[q], &counters_[set]);
  }

  void Count(size_t q, const AnswerReading& reading, Counter* counter) const {
    Ablated& ablated = counter->ablated;
    bool failed = false;
    for (size_t j = 0; j < reading.predicted.size(); ++j) {
      const bool wrong = reading.predicted[j] != Truth(q)[j];
      failed = failed || wrong;
      ablated.failed_digits[j] += wrong;
      ablated.failed_digits_of_right[j] += wrong && right_[q];
      ablated.digit_loss[j] += reading.loss[j];
      if (right_[q] && wrong) ablated.changed_digits[j] = true;
    }
    ablated.failed += failed;
    ablated.near_ties += reading.smallest_margin < kNearTie;
    if (!failed || !right_[q]) return;
    ++ablated.failed_of_right;
    ++counter->failed_by_operation[batch_[q].op];
    if (batch_[q].op != Operation::kMul) ++counter->failed_by_class[static_cast<size_t>(Classify(batch_[q]))];
  }

  // A set that changes no answer has those without it.
  void CountAsUnablated(Ablated* ablated) const {
    ablated->failed = result_.unablated.questions - result_.unablated.right;
    ablated->failed_digits = result_.unablated.failed_digits;
    ablated->digit_loss = unablated_loss_;
    ablated->near_ties = result_.unablated.near_ties;
  }

  AblationResult Finish() {
    const auto count = static_cast<double>(questions_.count());
    for (size_t i = 0; i < counters_.size(); ++i) {
      if (!intervener_->Changes(i)) CountAsUnablated(&counters_[i].ablated);
    }
    result_.unablated.loss /= count * static_cast<double>(result_.unablated.failed_digits.size());
    for (Counter& counter : counters_) {
      Ablated& ablated = counter.ablated;
      for (double& loss : ablated.digit_loss) {
        loss /= count;
        ablated.loss += loss / static_cast<double>(ablated.digit_loss.size());
      }
      ablated.moved_l2 = counter.moved / count;
      for (size_t c = 0; c < kQuestionClasses; ++c) {
        if (counter.failed_by_class[c] == 0) continue;
        ablated.classes.push_back({static_cast<QuestionClass>(c), right_by_class_[c], counter.failed_by_class[c]});
      }
      for (const auto& [operation, right] : right_by_operation_) {
        ablated.operations.push_back({operation, right, counter.failed_by_operation[operation]});
      }
      result_.results.push_back(std::move(ablated));
    }
    result_.by_tables = intervener_->by_tables();
    result_.rechecked = intervener_->rechecked();
    return std::move(result_);
  }

  const QuestionSource& questions_;
  const AblationRequest& request_;
  const ProgressFn& progress_;
  const std::unique_ptr<Intervener> intervener_;
  const Encoding& encoding_;
  const uint64_t batch_size_;
  std::vector<int64_t> donors_;  // where question i gets its activations from
  AblationResult result_;
  std::vector<double> unablated_loss_;  // per answer token
  std::vector<Counter> counters_;
  std::array<uint64_t, kQuestionClasses> right_by_class_{};
  std::map<Operation, uint64_t> right_by_operation_;

  // Of the batch at hand.
  Questions batch_;
  torch::Tensor tokens_;
  std::vector<bool> right_;
  std::vector<AnswerReading> readings_;
  std::vector<double> moved_;
};

}  // namespace

AblationResult Ablate(const Model& model, const QuestionSource& questions, const AblationRequest& request,
                      const ProgressFn& progress, AnswerBy by) {
  const torch::NoGradGuard no_grad;
  return Sweep(model, questions, request, by, progress).Run();
}

std::vector<NodeSet> EveryNode(const ModelConfig& config) {
  std::vector<NodeSet> nodes;
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (int64_t position = 0; position + 1 < config.n_ctx; ++position) {
      for (int64_t head = 0; head < config.n_heads; ++head) {
        nodes.push_back({{Node::Kind::kHead, layer, head, position}});
      }
      nodes.push_back({{Node::Kind::kMlp, layer, 0, position}});
    }
  }
  return nodes;
}

std::string DigitsText(const Encoding& encoding, const std::vector<bool>& hit) {
  std::string text;
  for (int j = 0; j < encoding.n_answer(); ++j) {
    if (!hit[static_cast<size_t>(j)]) continue;
    text += text.empty() ? "A" : encoding.n_digits() >= 9 ? "." : "";
    text += std::to_string(encoding.n_answer() - 1 - j);  // the sign comes before A_n: n + 1
  }
  return text;
}

}  // namespace sumscope::engine
