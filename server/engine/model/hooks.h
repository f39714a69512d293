#ifndef SUMSCOPE_SERVER_ENGINE_MODEL_HOOKS_H_
#define SUMSCOPE_SERVER_ENGINE_MODEL_HOOKS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/engine/model/config.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// TransformerLens' names of every intermediate, in the order in which a forward pass makes them.
std::vector<std::string> HookNames(const ModelConfig& config);

// hook_attn_scores and hook_pattern: [batch, head, query, key]; every other hook is [batch, position, ..].
bool IsAttentionHook(const std::string& name);
// The dimension that holds the position (of attention hooks: the query).
int64_t PositionDimension(const std::string& name);

// Thrown out of a forward pass that its hooks end.
struct PassEnded {};

// What happens to the intermediates of one forward pass. An intermediate without hooks passes untouched: same tensor,
// same bits. Thread-compatible; must outlive the pass.
class Hooks {
 public:
  // Gets the value and returns what the rest of the pass uses in its place (the same tensor for a look only).
  // It must not change the tensor it is given.
  using Function = std::function<torch::Tensor(const torch::Tensor&)>;

  explicit Hooks(const ModelConfig& config);
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // All throw kInvalidArgument (UNKNOWN_HOOK). Several hooks of one name run in the order of their adding.
  void Add(const std::string& name, Function function);
  // Stores the value in captured()[name].
  void Capture(const std::string& name);
  void CaptureAll();
  // Writes `value` (broadcast) at one position of every question, or everywhere when position is -1. The position is
  // dimension 1; of hook_attn_scores and hook_pattern it is the query, dimension 2.
  void Patch(const std::string& name, int64_t position, const torch::Tensor& value);
  // Patch with zeros.
  void Ablate(const std::string& name, int64_t position);
  // The same for one head of attn.hook_{q,k,v,z,result}; others throw kInvalidArgument (HOOK_WITHOUT_HEADS).
  void PatchHead(const std::string& name, int64_t position, int64_t head, const torch::Tensor& value);

  // Ends the pass once the last intermediate that is captured or changed is made: what comes after is not computed, and
  // Transformer::Forward throws PassEnded. To be called when all hooks are added; without any the pass goes to its end.
  void EndAfterLast();

  const std::map<std::string, torch::Tensor>& captured() const { return captured_; }

  // Called by the transformer at each hook point. Throws PassEnded.
  torch::Tensor Apply(const std::string& name, torch::Tensor value) const;

 private:
  std::vector<std::string> names_;  // in the order of a pass
  std::string last_;                // ends the pass; empty: none does
  std::map<std::string, std::vector<Function>> functions_;
  std::map<std::string, torch::Tensor> captured_;
};

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_MODEL_HOOKS_H_
