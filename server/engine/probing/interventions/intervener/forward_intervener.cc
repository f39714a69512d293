#include "server/engine/probing/interventions/intervener/forward_intervener.h"

#include <algorithm>
#include <utility>

#include "server/engine/probing/evaluation/answerer.h"

namespace sumscope::engine {

ForwardIntervener::ForwardIntervener(const RestartForward& forward, std::vector<NodeSet> node_sets, NodeValue value)
    : forward_(forward), node_sets_(std::move(node_sets)), value_(value) {}

ForwardIntervener::ForwardIntervener(const Model& model, std::vector<NodeSet> node_sets, NodeValue value)
    : own_(std::make_unique<RestartForward>(model)), forward_(*own_), node_sets_(std::move(node_sets)), value_(value) {}

void ForwardIntervener::TakeMeans(const QuestionSource& questions, const ProgressFn& progress) {
  means_ = NodeMeans(forward_, questions, progress);
}

void ForwardIntervener::Run(const torch::Tensor& tokens, const torch::Tensor& donors) {
  tokens_ = tokens;
  pass_ = forward_.Run(tokens);
  ReadLogits(pass_.logits, tokens, &unchanged_);
  if (!donors.defined()) return;
  donor_pass_ = forward_.Run(donors);
  ReadLogits(donor_pass_.logits, donors, &donors_);
}

// Of the last layer the answer reads its own rows alone.
bool ForwardIntervener::Changes(size_t set) const {
  const int64_t first = encoding().first_answer_row(), end = first + encoding().n_answer();
  return std::any_of(node_sets_[set].begin(), node_sets_[set].end(), [&](const Node& node) {
    const bool answers = node.position < 0 || (node.position >= first && node.position < end);
    return node.layer + 1 < forward_.config().n_layers || answers;
  });
}

std::vector<RestartForward::Replacement> ForwardIntervener::ReplacementsOf(size_t set) const {
  std::vector<RestartForward::Replacement> replacements;
  for (const Node& node : node_sets_[set]) {
    switch (value_) {
      case NodeValue::kMean:
        replacements.push_back({node, means_.Of(node)});
        break;
      case NodeValue::kZero:
        replacements.push_back({node, torch::zeros({}, pass_.logits.options())});
        break;
      case NodeValue::kDonor:
        replacements.push_back({node, RestartForward::ValueOf(donor_pass_, node)});
        break;
    }
  }
  return replacements;
}

void ForwardIntervener::Read(size_t set, std::vector<AnswerReading>* readings) const {
  ReadLogits(forward_.Rerun(pass_, ReplacementsOf(set)), tokens_, readings);
}

void ForwardIntervener::ReadMoved(size_t set, std::vector<double>* moved) const {
  const torch::Tensor distance = RestartForward::Distance(pass_, ReplacementsOf(set));
  moved->assign(distance.data_ptr<double>(), distance.data_ptr<double>() + distance.numel());
}

void ForwardIntervener::ReadLogits(const torch::Tensor& logits, const torch::Tensor& tokens,
                                   std::vector<AnswerReading>* readings) const {
  const torch::Tensor on_cpu = logits.to(torch::kCPU).contiguous();
  readings->resize(static_cast<size_t>(tokens.size(0)));
  for (int64_t q = 0; q < tokens.size(0); ++q) {
    ReadAnswer(on_cpu, q, tokens.data_ptr<int64_t>() + q * encoding().n_ctx() + encoding().n_question(),
               &(*readings)[static_cast<size_t>(q)]);
  }
}

}  // namespace sumscope::engine
