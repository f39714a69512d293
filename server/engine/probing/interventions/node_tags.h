#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_NODE_TAGS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_NODE_TAGS_H_

#include <string>
#include <vector>

#include "server/engine/probing/attention/attention.h"
#include "server/engine/probing/interventions/ablation.h"

namespace sumscope::engine {

// A tag of one node in the authors' vocabulary (science.md section 6, analysis 5).
struct NodeTag {
  Node node;
  std::string tag;
};

// P14L0H1, P14L0MLP, P14L0; without P14 at every position. Sets are joined by ','.
std::string NodeText(const Node& node);
std::string NodeSetText(const NodeSet& nodes);

// Fail%:8, Impact:A43, Math.Add:S12, Math.Sub:M1, Math.Neg:N2 of each single node that has at least one failure.
std::vector<NodeTag> AblationTags(const Encoding& encoding, const AblationResult& map);

// Attn:P9=52: the percentage of every source of at least 10 % at each row of the result.
std::vector<NodeTag> AttentionTags(const AttentionResult& attention);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_INTERVENTIONS_NODE_TAGS_H_
