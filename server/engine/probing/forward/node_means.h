#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_NODE_MEANS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_NODE_MEANS_H_

#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/probing/forward/restart_forward.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// The mean of every node over questions, each of its own layer, head and position, accumulated in double.
// Thread-compatible.
class NodeMeans {
 public:
  NodeMeans() = default;
  // Over all of `questions`. Throws kCancelled.
  NodeMeans(const RestartForward& forward, const QuestionSource& questions, const ProgressFn& progress);

  // [width] at the node's position, or [n_ctx, width] of a node at every position.
  torch::Tensor Of(const Node& node) const;

 private:
  void Add(const RestartForward::Pass& pass);

  std::vector<torch::Tensor> sums_;  // by layer and Node::Kind
  int64_t count_ = 0;
  torch::ScalarType dtype_ = torch::kFloat32;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_NODE_MEANS_H_
