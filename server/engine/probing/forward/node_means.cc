#include "server/engine/probing/forward/node_means.h"

#include <algorithm>

namespace sumscope::engine {

NodeMeans::NodeMeans(const RestartForward& forward, const QuestionSource& questions, const ProgressFn& progress) {
  const uint64_t total = questions.count(), batch_size = static_cast<uint64_t>(forward.batch_size());
  Questions batch;
  for (uint64_t first = 0; first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    Add(forward.Run(forward.encoding().Encode(batch)));
    Report(progress, static_cast<double>(first + batch.size()) / static_cast<double>(total));
  }
}

void NodeMeans::Add(const RestartForward::Pass& pass) {
  const auto add = [](const torch::Tensor& value, torch::Tensor* sum) {
    const torch::Tensor part = value.sum(0, /*keepdim=*/false, torch::kFloat64);
    *sum = sum->defined() ? *sum + part : part;
  };
  const size_t layers = pass.z.size();
  sums_.resize(3 * layers);
  for (size_t l = 0; l < layers; ++l) {
    add(pass.z[l], &sums_[3 * l + static_cast<size_t>(Node::Kind::kHead)]);
    add(pass.mlp_out[l], &sums_[3 * l + static_cast<size_t>(Node::Kind::kMlp)]);
    add(pass.residual[l + 1], &sums_[3 * l + static_cast<size_t>(Node::Kind::kResidual)]);
  }
  count_ += pass.logits.size(0);
  dtype_ = pass.logits.scalar_type();
}

torch::Tensor NodeMeans::Of(const Node& node) const {
  torch::Tensor mean = sums_[static_cast<size_t>(3 * node.layer) + static_cast<size_t>(node.kind)];
  if (node.kind == Node::Kind::kHead) mean = mean.select(1, node.head);
  if (node.position >= 0) mean = mean.select(0, node.position);
  return (mean / static_cast<double>(count_)).to(dtype_);
}

}  // namespace sumscope::engine
