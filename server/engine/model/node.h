#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_NODE_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_NODE_H_

#include <cstdint>
#include <vector>

namespace sumscope::engine {

// A place in the model whose activation can be replaced: a head's attn.hook_z [d_head], a layer's hook_mlp_out or
// hook_resid_post [d_model], at one position or at every one.
struct Node {
  enum class Kind : uint8_t { kHead, kMlp, kResidual };
  Kind kind = Kind::kHead;
  int64_t layer = 0;
  int64_t head = 0;       // of kHead
  int64_t position = -1;  // -1: every position

  bool operator==(const Node& other) const {
    return kind == other.kind && layer == other.layer && head == other.head && position == other.position;
  }
};

// Nodes that are changed together.
using NodeSet = std::vector<Node>;

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_NODE_H_
