#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_ACTIVATIONS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_ACTIVATIONS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/model/node.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/forward/reference.h"
#include "server/engine/probing/progress.h"

namespace sumscope::engine {

// Float64 activations that an analysis holds at once, at most: of PCA, of a linear probe, of one hook's components.
inline constexpr uint64_t kMaxHeldBytes = uint64_t{2} << 30;

// The hook that a node is a part of: blocks.L.attn.hook_z, blocks.L.hook_mlp_out, blocks.L.hook_resid_post.
std::string HookOf(const Node& node);
// Throws kInvalidArgument (BAD_NODE) when the model has no such place; position -1 is one.
void CheckNode(const ModelConfig& config, const Node& node);

// Reads activations of many questions, each run teacher-forced with its true answer through the reference transformer
// as far as the last hook that is read.
// Thread-compatible.
class ActivationReader {
 public:
  // Throws kInvalidArgument (WRONG_DIGITS, and what CheckedWeights throws).
  explicit ActivationReader(const Model& model);

  const Encoding& encoding() const { return reference_.encoding(); }
  torch::ScalarType dtype() const { return reference_.dtype(); }
  // Questions per forward pass, so that the intermediates of a pass stay near 64 MiB.
  int64_t batch_size() const { return batch_size_; }

  // Values by hook name, question by question in dimension 0, on the CPU, in the model's dtype.
  using Values = std::map<std::string, torch::Tensor>;
  using Visit = std::function<void(uint64_t first, const Questions& batch, const Values& values)>;
  // One pass over the questions, in order. Throws kInvalidArgument (UNKNOWN_HOOK), kCancelled.
  void Read(const QuestionSource& questions, const std::vector<std::string>& hooks, const Visit& visit,
            const ProgressFn& progress) const;
  Values ReadBatch(const Questions& batch, const std::vector<std::string>& hooks) const;

 private:
  const Reference reference_;
  const int64_t batch_size_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_FORWARD_ACTIVATIONS_H_
