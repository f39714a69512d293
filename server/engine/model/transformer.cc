#include "server/engine/model/transformer.h"

#include <cmath>
#include <limits>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

torch::Tensor Hooked(const Hooks* hooks, const std::string& name, const torch::Tensor& value) {
  return hooks == nullptr ? value : hooks->Apply(name, value);
}

torch::Tensor LayerNorm(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& b,
                        const std::string& prefix, const Hooks* hooks) {
  const torch::Tensor centred = x - x.mean(-1, /*keepdim=*/true);
  const torch::Tensor scale =
      Hooked(hooks, prefix + "hook_scale", (centred.square().mean(-1, /*keepdim=*/true) + kLayerNormEpsilon).sqrt());
  return Hooked(hooks, prefix + "hook_normalized", centred / scale * w + b);
}

}  // namespace

ModelWeights BindWeights(const ModelConfig& config, const NamedTensors& weights) {
  const std::vector<ParameterInfo> list = ParameterList(config);
  if (weights.size() != list.size()) {
    throw Error(ErrorKind::kInternal, "WEIGHTS_ORDER", "weights are not in the order of ParameterList");
  }
  size_t next = 0;
  const auto take = [&] {
    if (weights[next].first != list[next].name) {
      throw Error(ErrorKind::kInternal, "WEIGHTS_ORDER", "weights are not in the order of ParameterList");
    }
    return weights[next++].second;
  };
  ModelWeights bound;
  bound.W_E = take();
  bound.W_pos = take();
  for (int64_t i = 0; i < config.n_layers; ++i) {
    BlockWeights b;
    for (torch::Tensor* member : {&b.ln1_w, &b.ln1_b, &b.W_Q, &b.W_K, &b.W_V, &b.b_Q, &b.b_K, &b.b_V, &b.W_O, &b.b_O,
                                  &b.ln2_w, &b.ln2_b, &b.W_in, &b.b_in, &b.W_out, &b.b_out}) {
      *member = take();
    }
    bound.blocks.push_back(std::move(b));
  }
  bound.ln_final_w = take();
  bound.ln_final_b = take();
  bound.W_U = take();
  bound.b_U = take();
  return bound;
}

torch::Tensor Transformer::Attention(const BlockWeights& block, const torch::Tensor& normalized,
                                     const std::string& prefix, const Hooks* hooks) const {
  const int64_t positions = normalized.size(1);
  const auto project = [&](const torch::Tensor& W, const torch::Tensor& b, const char* name) {
    return Hooked(hooks, prefix + name, torch::einsum("bpm,hmd->bphd", {normalized, W}) + b);
  };
  const torch::Tensor q = project(block.W_Q, block.b_Q, "hook_q");
  const torch::Tensor k = project(block.W_K, block.b_K, "hook_k");
  const torch::Tensor v = project(block.W_V, block.b_V, "hook_v");
  const torch::Tensor masked = torch::ones({positions, positions}, normalized.options().dtype(torch::kBool)).triu(1);
  const torch::Tensor scores =
      Hooked(hooks, prefix + "hook_attn_scores",
             (torch::einsum("bqhd,bkhd->bhqk", {q, k}) / std::sqrt(static_cast<double>(config_.d_head)))
                 .masked_fill(masked, -std::numeric_limits<double>::infinity()));
  const torch::Tensor pattern = Hooked(hooks, prefix + "hook_pattern", torch::softmax(scores, -1));
  const torch::Tensor z = Hooked(hooks, prefix + "hook_z", torch::einsum("bhqk,bkhd->bqhd", {pattern, v}));
  const torch::Tensor result = Hooked(hooks, prefix + "hook_result", torch::einsum("bphd,hdm->bphm", {z, block.W_O}));
  return result.sum(2) + block.b_O;
}

torch::Tensor Transformer::Forward(const torch::Tensor& tokens, const Hooks* hooks) const {
  const int64_t positions = tokens.size(1);
  const torch::Tensor embed = Hooked(hooks, "hook_embed", torch::embedding(weights_.W_E, tokens));
  const torch::Tensor pos_embed = Hooked(
      hooks, "hook_pos_embed", weights_.W_pos.slice(0, 0, positions).unsqueeze(0).expand({tokens.size(0), -1, -1}));
  torch::Tensor residual = embed + pos_embed;
  for (int64_t i = 0; i < config_.n_layers; ++i) {
    const BlockWeights& block = weights_.blocks[static_cast<size_t>(i)];
    const std::string prefix = "blocks." + std::to_string(i) + ".";
    residual = Hooked(hooks, prefix + "hook_resid_pre", residual);
    const torch::Tensor normalized = LayerNorm(residual, block.ln1_w, block.ln1_b, prefix + "ln1.", hooks);
    const torch::Tensor attn_out =
        Hooked(hooks, prefix + "hook_attn_out", Attention(block, normalized, prefix + "attn.", hooks));
    residual = Hooked(hooks, prefix + "hook_resid_mid", residual + attn_out);
    const torch::Tensor normalized2 = LayerNorm(residual, block.ln2_w, block.ln2_b, prefix + "ln2.", hooks);
    const torch::Tensor pre =
        Hooked(hooks, prefix + "mlp.hook_pre", torch::matmul(normalized2, block.W_in) + block.b_in);
    const torch::Tensor post = Hooked(hooks, prefix + "mlp.hook_post", torch::relu(pre));
    const torch::Tensor mlp_out =
        Hooked(hooks, prefix + "hook_mlp_out", torch::matmul(post, block.W_out) + block.b_out);
    residual = Hooked(hooks, prefix + "hook_resid_post", residual + mlp_out);
  }
  const torch::Tensor normalized = LayerNorm(residual, weights_.ln_final_w, weights_.ln_final_b, "ln_final.", hooks);
  return torch::matmul(normalized, weights_.W_U) + weights_.b_U;
}

torch::Tensor AnswerLosses(const torch::Tensor& logits, const torch::Tensor& answers) {
  const torch::Tensor log_p = torch::log_softmax(logits.to(torch::kFloat64), -1);
  return -log_p.gather(-1, answers.unsqueeze(-1)).squeeze(-1);
}

}  // namespace sumscope::engine
