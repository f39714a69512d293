#include "server/engine/probing/forward/activations.h"

#include <algorithm>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

// All hooks may be kept at once, so the pass is sized by the sum of a question's intermediates.
int64_t BatchSizeFor(const ModelConfig& c) {
  constexpr double kPassBytes = 64.0 * 1024 * 1024;
  const double per_row = static_cast<double>(
      c.n_layers * (10 * c.d_model + c.n_heads * (4 * c.d_head + c.d_model) + 2 * c.d_mlp + 2 * c.n_heads * c.n_ctx));
  return std::clamp<int64_t>(static_cast<int64_t>(kPassBytes / (4.0 * per_row * static_cast<double>(c.n_ctx))), 1, 512);
}

ActivationReader::Values OnCpu(const Hooks& hooks) {
  ActivationReader::Values values;
  for (const auto& [name, value] : hooks.captured()) values[name] = value.to(torch::kCPU);
  return values;
}

}  // namespace

std::string HookOf(const Node& node) {
  const std::string block = "blocks." + std::to_string(node.layer) + ".";
  switch (node.kind) {
    case Node::Kind::kHead:
      return block + "attn.hook_z";
    case Node::Kind::kMlp:
      return block + "hook_mlp_out";
    case Node::Kind::kResidual:
      break;
  }
  return block + "hook_resid_post";
}

void CheckNode(const ModelConfig& config, const Node& node) {
  const bool has_head = node.kind != Node::Kind::kHead || (node.head >= 0 && node.head < config.n_heads);
  if (node.layer < 0 || node.layer >= config.n_layers || node.position < -1 || node.position >= config.n_ctx ||
      !has_head) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_NODE", "the model has no such layer, head or position");
  }
}

ActivationReader::ActivationReader(const Model& model) : reference_(model), batch_size_(BatchSizeFor(model.config)) {}

ActivationReader::Values ActivationReader::ReadBatch(const Questions& batch,
                                                     const std::vector<std::string>& hooks) const {
  Values values;
  reference_.Run(0, batch, hooks, PassTo::kLastHook, [&](const ReferenceBatch& read) { values = OnCpu(read.hooks); });
  return values;
}

void ActivationReader::Read(const QuestionSource& questions, const std::vector<std::string>& hooks, const Visit& visit,
                            const ProgressFn& progress) const {
  reference_.ForEachBatch(questions, hooks, PassTo::kLastHook, batch_size_, progress,
                          [&](const ReferenceBatch& read) { visit(read.first, read.questions, OnCpu(read.hooks)); });
}

}  // namespace sumscope::engine
