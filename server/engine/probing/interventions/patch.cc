#include "server/engine/probing/interventions/patch.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/engine/data/sources.h"
#include "server/engine/probing/interventions/intervener/forward_intervener.h"
#include "server/engine/probing/interventions/intervener/intervener.h"

namespace sumscope::engine {
namespace {

// The pairs of a request, batch after batch.
class PatchSweep {
 public:
  PatchSweep(Intervener* intervener, const PatchRequest& request)
      : intervener_(*intervener), encoding_(intervener->encoding()), request_(request) {
    result_.pairs.resize(request.pairs.size());
    result_.by_tables = intervener->by_tables();
  }

  PatchResult Run(const ProgressFn& progress) {
    const auto batch_size = static_cast<size_t>(std::max<int64_t>(1, intervener_.batch_size() / 2));
    const auto total = static_cast<double>(request_.pairs.size());
    for (size_t first = 0; first < request_.pairs.size(); first += batch_size) {
      const size_t count = std::min(batch_size, request_.pairs.size() - first);
      RunPairs(first, count);
      for (size_t s = 0; s < request_.node_sets.size(); ++s) {
        ReadPatched(s, first);
        const double share = static_cast<double>(s + 1) / static_cast<double>(request_.node_sets.size());
        Report(progress, (static_cast<double>(first) + share * static_cast<double>(count)) / total);
      }
    }
    result_.rechecked = intervener_.rechecked();
    return std::move(result_);
  }

 private:
  void RunPairs(size_t first, size_t count) {
    Questions stores, cleans;
    for (size_t i = first; i < first + count; ++i) {
      stores.push_back(request_.pairs[i].store);
      cleans.push_back(request_.pairs[i].clean);
    }
    const torch::Tensor store_tokens = encoding_.Encode(stores), clean_tokens = encoding_.Encode(cleans);
    intervener_.Run(clean_tokens, store_tokens);
    for (size_t i = 0; i < count; ++i) {
      PatchedPair& pair = result_.pairs[first + i];
      pair.store_true = Text(Truth(store_tokens, i));
      pair.clean_true = Text(Truth(clean_tokens, i));
      pair.store_predicted = Text(intervener_.donors()[i].predicted.data());
      pair.clean_predicted = Text(intervener_.unchanged()[i].predicted.data());
      pair.testable = pair.clean_predicted == pair.clean_true;
    }
  }

  void ReadPatched(size_t set, size_t first) {
    intervener_.Read(set, &readings_);
    intervener_.ReadMoved(set, &moved_);
    for (size_t i = 0; i < readings_.size(); ++i) {
      const AnswerReading& reading = readings_[i];
      PatchedPair& pair = result_.pairs[first + i];
      Patched patched;
      patched.predicted = Text(reading.predicted.data());
      patched.impact = ImpactText(encoding_, patched.predicted, pair.clean_true);
      for (const ExpectedAnswer& expected : request_.pairs[first + i].expected) {
        if (pair.testable && patched.predicted.compare(0, expected.answer.size(), expected.answer) == 0) {
          patched.strong_for.push_back(expected.digit);
        }
      }
      patched.l2 = moved_[i];
      patched.loss =
          std::accumulate(reading.loss.begin(), reading.loss.end(), 0.0) / static_cast<double>(reading.loss.size());
      patched.margin = reading.smallest_margin;
      pair.results.push_back(std::move(patched));
    }
  }

  const int64_t* Truth(const torch::Tensor& tokens, size_t i) const {
    return tokens.data_ptr<int64_t>() + static_cast<int64_t>(i) * encoding_.n_ctx() + encoding_.n_question();
  }
  std::string Text(const int64_t* tokens) const { return encoding_.Text(tokens, encoding_.n_answer()); }

  Intervener& intervener_;
  const Encoding& encoding_;
  const PatchRequest& request_;
  PatchResult result_;
  std::vector<AnswerReading> readings_;
  std::vector<double> moved_;
};

}  // namespace

PatchResult Patch(const Model& model, const PatchRequest& request, const ProgressFn& progress, AnswerBy by) {
  const torch::NoGradGuard no_grad;
  Questions cleans;
  for (const StoreCleanPair& pair : request.pairs) cleans.push_back(pair.clean);
  const auto intervener = MakeIntervener(model, request.node_sets, NodeValue::kDonor, /*donors_answer=*/true,
                                         *ListSource(std::move(cleans)), by, nullptr);
  return PatchSweep(intervener.get(), request).Run(progress);
}

PatchResult Patch(const RestartForward& forward, const PatchRequest& request, const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  ForwardIntervener intervener(forward, request.node_sets, NodeValue::kDonor);
  return PatchSweep(&intervener, request).Run(progress);
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
