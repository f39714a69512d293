#include "server/engine/probing/interventions/ablation.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "server/engine/data/permutation.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/forward/node_means.h"
#include "server/engine/probing/forward/restart_forward.h"

namespace sumscope::engine {
namespace {

using Replacement = RestartForward::Replacement;

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
  Sweep(const Model& model, const QuestionSource& questions, const AblationRequest& request)
      : forward_(model),
        questions_(questions),
        request_(request),
        batch_size_(static_cast<uint64_t>(forward_.batch_size())),
        counters_(request.node_sets.size()) {
    const auto tokens = static_cast<size_t>(forward_.encoding().n_answer());
    result_.unablated.failed_digits.assign(tokens, 0);
    for (size_t i = 0; i < counters_.size(); ++i) {
      Ablated& ablated = counters_[i].ablated;
      ablated.nodes = request.node_sets[i];
      ablated.failed_digits.assign(tokens, 0);
      ablated.failed_digits_of_right.assign(tokens, 0);
      ablated.changed_digits.assign(tokens, false);
      ablated.digit_loss.assign(tokens, 0);
    }
  }

  AblationResult Run(const ProgressFn& progress) {
    const uint64_t total = questions_.count();
    if (request_.mode == AblationMode::kMean) {
      means_ = NodeMeans(forward_, questions_, Part(progress, 0, 0.01));
    }
    if (request_.mode == AblationMode::kResample) donors_ = CyclicPermutation(total, request_.seed, kDonorColumn);
    for (uint64_t first = 0; first < total; first += batch_size_) {
      RunBatch(first, std::min(batch_size_, total - first), progress);
    }
    return Finish();
  }

 private:
  void RunBatch(uint64_t first, uint64_t count, const ProgressFn& progress) {
    questions_.Fill(first, count, &batch_);
    tokens_ = forward_.encoding().Encode(batch_);
    pass_ = forward_.Run(tokens_);
    if (request_.mode == AblationMode::kResample) FillDonors(first, count);
    ReadBaseline();
    const double total = static_cast<double>(questions_.count());
    for (size_t i = 0; i < counters_.size(); ++i) {
      RunSet(&counters_[i]);
      const double share = static_cast<double>(i + 1) / static_cast<double>(counters_.size());
      Report(progress, 0.01 + 0.99 * (static_cast<double>(first) + share * static_cast<double>(count)) / total);
    }
    if (counters_.empty()) Report(progress, static_cast<double>(first + count) / total);
  }

  void FillDonors(uint64_t first, uint64_t count) {
    Questions donors, one;
    for (uint64_t q = first; q < first + count; ++q) {
      questions_.Fill(static_cast<uint64_t>(donors_[q]), 1, &one);
      donors.push_back(one.front());
    }
    donor_pass_ = forward_.Run(forward_.encoding().Encode(donors));
  }

  const int64_t* Truth(size_t q) const {
    return tokens_.data_ptr<int64_t>() + static_cast<int64_t>(q) * forward_.encoding().n_ctx() +
           forward_.encoding().n_question();
  }

  void ReadBaseline() {
    const torch::Tensor logits = pass_.logits.to(torch::kCPU).contiguous();
    unablated_.resize(batch_.size());
    right_.assign(batch_.size(), false);
    AblationBaseline& baseline = result_.unablated;
    for (size_t q = 0; q < batch_.size(); ++q) {
      ReadAnswer(logits, static_cast<int64_t>(q), Truth(q), &unablated_[q]);
      bool right = true;
      for (size_t j = 0; j < baseline.failed_digits.size(); ++j) {
        const bool wrong = unablated_[q].predicted[j] != Truth(q)[j];
        baseline.failed_digits[j] += wrong;
        baseline.loss += unablated_[q].loss[j];
        right = right && !wrong;
      }
      ++baseline.questions;
      baseline.right += right;
      baseline.near_ties += unablated_[q].smallest_margin < kNearTie;
      right_[q] = right;
      if (!right) continue;
      ++right_by_operation_[batch_[q].op];
      if (batch_[q].op != Operation::kMul) ++right_by_class_[static_cast<size_t>(Classify(batch_[q]))];
    }
  }

  torch::Tensor ValueFor(const Node& node) const {
    switch (request_.mode) {
      case AblationMode::kMean:
        return means_.Of(node);
      case AblationMode::kZero:
        return torch::zeros({}, pass_.logits.options());
      case AblationMode::kResample:
        break;
    }
    return RestartForward::ValueOf(donor_pass_, node);
  }

  void RunSet(Counter* counter) {
    std::vector<Replacement> replacements;
    for (const Node& node : counter->ablated.nodes) replacements.push_back({node, ValueFor(node)});
    counter->moved += RestartForward::Distance(pass_, replacements).sum().item<double>();
    const torch::Tensor logits = forward_.Rerun(pass_, replacements).to(torch::kCPU).contiguous();
    AnswerReading reading;
    Ablated& ablated = counter->ablated;
    for (size_t q = 0; q < batch_.size(); ++q) {
      ReadAnswer(logits, static_cast<int64_t>(q), Truth(q), &reading);
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
      if (!failed || !right_[q]) continue;
      ++ablated.failed_of_right;
      ++counter->failed_by_operation[batch_[q].op];
      if (batch_[q].op != Operation::kMul) ++counter->failed_by_class[static_cast<size_t>(Classify(batch_[q]))];
    }
  }

  AblationResult Finish() {
    const auto count = static_cast<double>(questions_.count());
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
    return std::move(result_);
  }

  const RestartForward forward_;
  const QuestionSource& questions_;
  const AblationRequest& request_;
  const uint64_t batch_size_;
  NodeMeans means_;
  std::vector<int64_t> donors_;  // where question i gets its activations from
  AblationResult result_;
  std::vector<Counter> counters_;
  std::array<uint64_t, kQuestionClasses> right_by_class_{};
  std::map<Operation, uint64_t> right_by_operation_;

  // Of the batch at hand.
  Questions batch_;
  torch::Tensor tokens_;
  RestartForward::Pass pass_, donor_pass_;
  std::vector<AnswerReading> unablated_;
  std::vector<bool> right_;
};

}  // namespace

AblationResult Ablate(const Model& model, const QuestionSource& questions, const AblationRequest& request,
                      const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  return Sweep(model, questions, request).Run(progress);
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
