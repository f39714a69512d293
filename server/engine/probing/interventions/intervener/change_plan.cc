#include "server/engine/probing/interventions/intervener/change_plan.h"

#include <algorithm>

namespace sumscope::engine {
namespace {

void AddNode(const Node& node, Change* change) {
  switch (node.kind) {
    case Node::Kind::kHead:
      change->heads |= uint32_t{1} << node.head;
      break;
    case Node::Kind::kMlp:
      change->mlp = true;
      break;
    case Node::Kind::kResidual:
      change->residual = true;
      break;
  }
}

// By position.
std::vector<Change> ChangesOf(const NodeSet& nodes, int64_t n_ctx) {
  std::vector<Change> changes(static_cast<size_t>(n_ctx));
  for (const Node& node : nodes) {
    const int64_t first = node.position < 0 ? 0 : node.position, end = node.position < 0 ? n_ctx : first + 1;
    for (int64_t position = first; position < end; ++position) AddNode(node, &changes[static_cast<size_t>(position)]);
  }
  return changes;
}

}  // namespace

ChangePlan::ChangePlan(const ModelConfig& config, const Encoding& encoding, const std::vector<NodeSet>& node_sets) {
  const int64_t first_answer = encoding.first_answer_row(), end_answer = first_answer + encoding.n_answer();
  std::vector<std::vector<Change>> all;
  std::vector<bool> touched(static_cast<size_t>(config.n_ctx), false);
  for (const NodeSet& nodes : node_sets) {
    all.push_back(ChangesOf(nodes, config.n_ctx));
    for (size_t p = 0; p < touched.size(); ++p) touched[p] = touched[p] || all.back()[p].any();
  }
  for (int64_t p = first_answer; p < end_answer; ++p) places_.push_back({p, true, {}, {}});
  for (int64_t p = 0; p < config.n_ctx; ++p) {
    if (touched[static_cast<size_t>(p)] && (p < first_answer || p >= end_answer)) places_.push_back({p, false, {}, {}});
  }
  for (const std::vector<Change>& changes : all) {
    Set set;
    for (size_t i = 0; i < places_.size(); ++i) {
      Place& place = places_[i];
      const Change& change = changes[static_cast<size_t>(place.position)];
      if (!change.any()) continue;
      set.moved.emplace_back(i, change);
      place.moved.heads |= change.heads;
      place.moved.mlp |= change.mlp;
      place.moved.residual |= change.residual;
      if (!place.answers) continue;
      const auto known = std::find(place.changes.begin(), place.changes.end(), change);
      set.answered.emplace_back(i, known - place.changes.begin());
      if (known == place.changes.end()) place.changes.push_back(change);
    }
    sets_.push_back(std::move(set));
  }
}

}  // namespace sumscope::engine
