#include "server/engine/probing/interventions/node_tags.h"

#include <array>
#include <cmath>

namespace sumscope::engine {

std::string NodeText(const Node& node) {
  std::string text = node.position < 0 ? "" : "P" + std::to_string(node.position);
  text += "L" + std::to_string(node.layer);
  if (node.kind == Node::Kind::kHead) text += "H" + std::to_string(node.head);
  if (node.kind == Node::Kind::kMlp) text += "MLP";
  return text;
}

std::string NodeSetText(const NodeSet& nodes) {
  std::string text;
  for (const Node& node : nodes) text += (text.empty() ? "" : ",") + NodeText(node);
  return text;
}

std::vector<NodeTag> AblationTags(const Encoding& encoding, const AblationResult& map) {
  struct Family {
    char letter;
    const char* tag;
  };
  constexpr std::array<Family, 3> kFamilies = {{{'S', "Math.Add:S"}, {'M', "Math.Sub:M"}, {'N', "Math.Neg:N"}}};
  std::vector<NodeTag> tags;
  for (const Ablated& ablated : map.results) {
    if (ablated.failed_of_right == 0 || ablated.nodes.size() != 1) continue;
    const Node& node = ablated.nodes.front();
    tags.push_back({node, "Fail%:" + std::to_string(ablated.FailPercent(map.unablated.right))});
    tags.push_back({node, "Impact:" + DigitsText(encoding, ablated.changed_digits)});
    for (const Family& family : kFamilies) {
      std::string digits;
      for (const ClassHits& hits : ablated.classes) {
        const char* name = ClassName(hits.question_class);
        if (name[0] == family.letter) digits += name[1];
      }
      if (!digits.empty()) tags.push_back({node, family.tag + digits});
    }
  }
  return tags;
}

std::vector<NodeTag> AttentionTags(const AttentionResult& attention) {
  constexpr float kShown = 0.1f;
  std::vector<NodeTag> tags;
  for (const AttentionHead& head : attention.heads) {
    for (const AttentionRow& row : head.rows) {
      for (size_t key = 0; key < row.weights.size(); ++key) {
        if (row.weights[key] < kShown) continue;
        tags.push_back({{Node::Kind::kHead, head.layer, head.head, row.position},
                        "Attn:P" + std::to_string(key) + "=" +
                            std::to_string(std::lround(100.0 * static_cast<double>(row.weights[key])))});
      }
    }
  }
  return tags;
}

}  // namespace sumscope::engine
