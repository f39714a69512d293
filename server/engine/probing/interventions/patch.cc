#include "server/engine/probing/interventions/patch.h"

#include <algorithm>
#include <numeric>

#include "server/engine/probing/evaluation/answerer.h"

namespace sumscope::engine {
namespace {

// All pairs of one batch, run unpatched.
class Batch {
 public:
  Batch(const RestartForward& forward, const std::vector<StoreCleanPair>& pairs, size_t first, size_t count)
      : forward_(forward), pairs_(pairs), first_(first), count_(count) {
    Questions stores, cleans;
    for (size_t i = first; i < first + count; ++i) {
      stores.push_back(pairs[i].store);
      cleans.push_back(pairs[i].clean);
    }
    store_tokens_ = forward.encoding().Encode(stores);
    clean_tokens_ = forward.encoding().Encode(cleans);
    store_ = forward.Run(store_tokens_);
    clean_ = forward.Run(clean_tokens_);
  }

  void ReadUnpatched(std::vector<PatchedPair>* results) const {
    const torch::Tensor store = store_.logits.to(torch::kCPU).contiguous();
    const torch::Tensor clean = clean_.logits.to(torch::kCPU).contiguous();
    AnswerReading reading;
    for (size_t i = 0; i < count_; ++i) {
      PatchedPair& pair = (*results)[first_ + i];
      pair.store_true = Text(Truth(store_tokens_, i));
      pair.clean_true = Text(Truth(clean_tokens_, i));
      ReadAnswer(store, static_cast<int64_t>(i), Truth(store_tokens_, i), &reading);
      pair.store_predicted = Text(reading.predicted.data());
      ReadAnswer(clean, static_cast<int64_t>(i), Truth(clean_tokens_, i), &reading);
      pair.clean_predicted = Text(reading.predicted.data());
      pair.testable = pair.clean_predicted == pair.clean_true;
    }
  }

  void ReadPatched(const NodeSet& nodes, std::vector<PatchedPair>* results) const {
    std::vector<RestartForward::Replacement> replacements;
    for (const Node& node : nodes) replacements.push_back({node, RestartForward::ValueOf(store_, node)});
    const torch::Tensor moved = RestartForward::Distance(clean_, replacements);
    const torch::Tensor logits = forward_.Rerun(clean_, replacements).to(torch::kCPU).contiguous();
    AnswerReading reading;
    for (size_t i = 0; i < count_; ++i) {
      ReadAnswer(logits, static_cast<int64_t>(i), Truth(clean_tokens_, i), &reading);
      PatchedPair& pair = (*results)[first_ + i];
      Patched patched;
      patched.predicted = Text(reading.predicted.data());
      patched.impact = ImpactText(forward_.encoding(), patched.predicted, pair.clean_true);
      for (const ExpectedAnswer& expected : pairs_[first_ + i].expected) {
        if (pair.testable && patched.predicted.compare(0, expected.answer.size(), expected.answer) == 0) {
          patched.strong_for.push_back(expected.digit);
        }
      }
      patched.l2 = moved[static_cast<int64_t>(i)].item<double>();
      patched.loss =
          std::accumulate(reading.loss.begin(), reading.loss.end(), 0.0) / static_cast<double>(reading.loss.size());
      patched.margin = reading.smallest_margin;
      pair.results.push_back(std::move(patched));
    }
  }

 private:
  const int64_t* Truth(const torch::Tensor& tokens, size_t i) const {
    const Encoding& encoding = forward_.encoding();
    return tokens.data_ptr<int64_t>() + static_cast<int64_t>(i) * encoding.n_ctx() + encoding.n_question();
  }
  std::string Text(const int64_t* tokens) const {
    return forward_.encoding().Text(tokens, forward_.encoding().n_answer());
  }

  const RestartForward& forward_;
  const std::vector<StoreCleanPair>& pairs_;
  const size_t first_, count_;
  torch::Tensor store_tokens_, clean_tokens_;
  RestartForward::Pass store_, clean_;
};

}  // namespace

PatchResult Patch(const Model& model, const PatchRequest& request, const ProgressFn& progress) {
  return Patch(RestartForward(model), request, progress);
}

PatchResult Patch(const RestartForward& forward, const PatchRequest& request, const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  PatchResult result;
  result.pairs.resize(request.pairs.size());
  const auto batch_size = static_cast<size_t>(std::max<int64_t>(1, forward.batch_size() / 2));
  for (size_t first = 0; first < request.pairs.size(); first += batch_size) {
    const size_t count = std::min(batch_size, request.pairs.size() - first);
    const Batch batch(forward, request.pairs, first, count);
    batch.ReadUnpatched(&result.pairs);
    for (size_t s = 0; s < request.node_sets.size(); ++s) {
      batch.ReadPatched(request.node_sets[s], &result.pairs);
      const double share = static_cast<double>(s + 1) / static_cast<double>(request.node_sets.size());
      Report(progress, (static_cast<double>(first) + share * static_cast<double>(count)) /
                           static_cast<double>(request.pairs.size()));
    }
  }
  return result;
}

std::vector<NodeSet> EveryHead(const ModelConfig& config, const Encoding& encoding, bool head_pairs) {
  std::vector<NodeSet> nodes;
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (int64_t position = encoding.n_digits(); position + 1 < encoding.n_ctx(); ++position) {
      const auto head = [&](int64_t h) { return Node{Node::Kind::kHead, layer, h, position}; };
      for (int64_t h = 0; h < config.n_heads; ++h) nodes.push_back({head(h)});
      for (int64_t h = 0; head_pairs && h < config.n_heads; ++h) {
        for (int64_t other = h + 1; other < config.n_heads; ++other) nodes.push_back({head(h), head(other)});
      }
    }
  }
  return nodes;
}

std::string ImpactText(const Encoding& encoding, const std::string& predicted, const std::string& truth) {
  const size_t sign = encoding.format() == Format::kSigned ? 1 : 0;
  std::string text;
  for (size_t j = sign; j < truth.size(); ++j) {
    if (predicted[j] == truth[j]) continue;
    text += text.empty() ? "A" : encoding.n_digits() >= 9 ? "." : "";
    text += std::to_string(truth.size() - 1 - j);
  }
  if (sign == 1 && predicted[0] != truth[0]) text += text.empty() ? "AS" : "S";
  return text;
}

}  // namespace sumscope::engine
