#include "server/engine/training/insertion.h"

#include <string>
#include <unordered_map>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr uint64_t kWriteBackInterval = 100;

void Refuse(bool mismatch, const std::string& message) {
  if (mismatch) throw Error(ErrorKind::kInvalidArgument, "INIT_FROM_MISMATCH", "the source run " + message);
}

void CheckFits(const ModelConfig& source, const ModelConfig& target) {
  Refuse(source.n_ctx != target.n_ctx || source.d_vocab != target.d_vocab, "has other digits or another format");
  Refuse(source.d_model != target.d_model, "has another d_model");
  Refuse(source.d_head != target.d_head, "has another d_head");
  Refuse(source.d_mlp != target.d_mlp, "has another d_mlp");
  Refuse(source.n_layers > target.n_layers, "has more layers");
  Refuse(source.n_heads > target.n_heads, "has more heads");
}

}  // namespace

Insertion::Insertion(InsertMode mode, const ModelConfig& config, const SourceModel& source, NamedTensors* weights)
    : mode_(mode) {
  CheckFits(source.config, config);
  for (const auto& [layer, head] : source.useful_heads) {
    Refuse(layer < 0 || layer >= source.config.n_layers || head < 0 || head >= source.config.n_heads,
           "has no head " + std::to_string(head) + " in layer " + std::to_string(layer));
  }
  const torch::NoGradGuard no_grad;
  const std::unordered_map<std::string, torch::Tensor> target(weights->begin(), weights->end());
  const torch::Tensor& any = weights->front().second;
  for (const auto& [name, values] : CheckedWeights(source.config, source.weights, any.device(), any.scalar_type())) {
    torch::Tensor view = target.at(name).detach();
    // Of all parameters only those of heads depend on the number of heads, in their first dimension.
    if (view.sizes() != values.sizes()) view = view.narrow(0, 0, source.config.n_heads);
    view.copy_(values);
    const bool of_heads = name.find(".attn.") != std::string::npos && name.find(".b_O") == std::string::npos;
    const bool all = mode == InsertMode::kAll || mode == InsertMode::kAllAlways;
    if (all && (of_heads || name.find(".mlp.") != std::string::npos)) kept_.emplace_back(view, values);
    if (mode != InsertMode::kUsefulHeads || !of_heads) continue;
    for (const auto& [layer, head] : source.useful_heads) {
      if (name.rfind("blocks." + std::to_string(layer) + ".", 0) == 0) {
        kept_.emplace_back(view.select(0, head), values.select(0, head));
      }
    }
  }
}

void Insertion::WriteBack(uint64_t step) const {
  if (mode_ != InsertMode::kAllAlways && step % kWriteBackInterval != 0) return;
  const torch::NoGradGuard no_grad;
  for (auto [view, values] : kept_) view.copy_(values);
}

}  // namespace sumscope::engine
