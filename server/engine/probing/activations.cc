#include "server/engine/probing/activations.h"

#include <algorithm>

#include "server/engine/probing/answerer.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

bool EndsWith(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

// All hooks may be kept at once, so the pass is sized by the sum of a question's intermediates.
int64_t BatchSizeFor(const ModelConfig& c) {
  constexpr double kPassBytes = 64.0 * 1024 * 1024;
  const double per_row = static_cast<double>(
      c.n_layers * (10 * c.d_model + c.n_heads * (4 * c.d_head + c.d_model) + 2 * c.d_mlp + 2 * c.n_heads * c.n_ctx));
  return std::clamp<int64_t>(static_cast<int64_t>(kPassBytes / (4.0 * per_row * static_cast<double>(c.n_ctx))), 1, 512);
}

}  // namespace

bool IsAttentionHook(const std::string& hook) {
  return EndsWith(hook, ".hook_attn_scores") || EndsWith(hook, ".hook_pattern");
}

int64_t PositionDimension(const std::string& hook) { return IsAttentionHook(hook) ? 2 : 1; }

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

ActivationReader::ActivationReader(const Model& model)
    : config_(model.config),
      encoding_(model.n_digits, model.format),
      device_(model.device),
      dtype_(DtypeOf(model)),
      transformer_(model.config, CheckedWeights(model.config, model.weights, model.device, dtype_)),
      batch_size_(BatchSizeFor(model.config)) {
  CheckEncoding(config_, encoding_);
}

ActivationReader::Values ActivationReader::ReadBatch(const Questions& batch,
                                                     const std::vector<std::string>& hooks) const {
  const torch::NoGradGuard no_grad;
  Hooks capturing(config_);
  for (const std::string& hook : hooks) capturing.Capture(hook);
  transformer_.Forward(encoding_.Encode(batch).to(device_), &capturing);
  Values values;
  for (const auto& [name, value] : capturing.captured()) values[name] = value.to(torch::kCPU);
  return values;
}

void ActivationReader::Read(const QuestionSource& questions, const std::vector<std::string>& hooks, const Visit& visit,
                            const ProgressFn& progress) const {
  const uint64_t total = questions.count(), batch_size = static_cast<uint64_t>(batch_size_);
  Questions batch;
  for (uint64_t first = 0; first < total; first += batch_size) {
    questions.Fill(first, std::min(batch_size, total - first), &batch);
    visit(first, batch, ReadBatch(batch, hooks));
    Report(progress, static_cast<double>(first + batch.size()) / static_cast<double>(total));
  }
}

ProgressFn PartOf(const ProgressFn& progress, double from, double to) {
  if (!progress) return nullptr;
  return [progress, from, to](double done) { return progress(from + (to - from) * done); };
}

}  // namespace sumscope::engine
