#include "server/engine/model/hooks.h"

#include <algorithm>
#include <utility>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

using torch::indexing::Slice;

bool EndsWith(const std::string& text, const char* end) {
  const std::string suffix(end);
  return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool HasHeads(const std::string& name) {
  for (const char* end : {"attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_z", "attn.hook_result"}) {
    if (EndsWith(name, end)) return true;
  }
  return false;
}

// A copy of `old` with `value` written at one position of a dimension, or everywhere.
torch::Tensor Written(const torch::Tensor& old, int64_t dimension, int64_t position, const torch::Tensor& value) {
  torch::Tensor changed = old.clone();
  torch::Tensor target = position < 0 ? changed : changed.select(dimension, position);
  target.copy_(value.expand_as(target));
  return changed;
}

}  // namespace

bool IsAttentionHook(const std::string& name) {
  return EndsWith(name, ".hook_attn_scores") || EndsWith(name, ".hook_pattern");
}

int64_t PositionDimension(const std::string& name) { return IsAttentionHook(name) ? 2 : 1; }

std::vector<std::string> HookNames(const ModelConfig& config) {
  std::vector<std::string> names = {"hook_embed", "hook_pos_embed"};
  for (int64_t i = 0; i < config.n_layers; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    for (const char* name :
         {"hook_resid_pre", "ln1.hook_scale", "ln1.hook_normalized", "attn.hook_q", "attn.hook_k", "attn.hook_v",
          "attn.hook_attn_scores", "attn.hook_pattern", "attn.hook_z", "attn.hook_result", "hook_attn_out",
          "hook_resid_mid", "ln2.hook_scale", "ln2.hook_normalized", "mlp.hook_pre", "mlp.hook_post", "hook_mlp_out",
          "hook_resid_post"}) {
      names.push_back(block + name);
    }
  }
  names.push_back("ln_final.hook_scale");
  names.push_back("ln_final.hook_normalized");
  return names;
}

Hooks::Hooks(const ModelConfig& config) : names_(HookNames(config)) {}

void Hooks::Add(const std::string& name, Function function) {
  if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
    throw Error(ErrorKind::kInvalidArgument, "UNKNOWN_HOOK", "the model has no hook point '" + name + "'");
  }
  functions_[name].push_back(std::move(function));
}

void Hooks::Capture(const std::string& name) {
  Add(name, [this, name](const torch::Tensor& value) {
    captured_[name] = value;
    return value;
  });
}

void Hooks::CaptureAll() {
  for (const std::string& name : names_) Capture(name);
}

void Hooks::Patch(const std::string& name, int64_t position, const torch::Tensor& value) {
  Add(name, [dimension = PositionDimension(name), position, value](const torch::Tensor& old) {
    return Written(old, dimension, position, value);
  });
}

void Hooks::Ablate(const std::string& name, int64_t position) {
  Add(name, [dimension = PositionDimension(name), position](const torch::Tensor& old) {
    return Written(old, dimension, position, torch::zeros({}, old.options()));
  });
}

void Hooks::PatchHead(const std::string& name, int64_t position, int64_t head, const torch::Tensor& value) {
  if (!HasHeads(name)) {
    throw Error(ErrorKind::kInvalidArgument, "HOOK_WITHOUT_HEADS", "'" + name + "' is not split by heads");
  }
  Add(name, [position, head, value](const torch::Tensor& old) {
    torch::Tensor changed = old.clone();
    torch::Tensor target = changed.select(2, head);
    if (position >= 0) target = target.select(1, position);
    target.copy_(value.expand_as(target));
    return changed;
  });
}

void Hooks::EndAfterLast() {
  for (const std::string& name : names_) {
    if (functions_.count(name) > 0) last_ = name;
  }
}

torch::Tensor Hooks::Apply(const std::string& name, torch::Tensor value) const {
  const auto found = functions_.find(name);
  if (found == functions_.end()) return value;
  for (const Function& function : found->second) value = function(value);
  if (name == last_) throw PassEnded{};
  return value;
}

}  // namespace sumscope::engine
