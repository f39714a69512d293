#include "server/engine/probing/attention/attribution.h"

#include <algorithm>

#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/forward/reference.h"

namespace sumscope::engine {
namespace {

// Names of the hooks that hold the components of the final residual stream.
std::vector<std::string> ComponentHooks(const ModelConfig& config) {
  std::vector<std::string> names = {"hook_embed", "hook_pos_embed", "ln_final.hook_scale"};
  for (int64_t l = 0; l < config.n_layers; ++l) {
    const std::string block = "blocks." + std::to_string(l) + ".";
    names.push_back(block + "attn.hook_result");
    names.push_back(block + "hook_mlp_out");
  }
  return names;
}

std::vector<std::string> ComponentNames(const ModelConfig& config) {
  std::vector<std::string> names = {"embed_pos"};
  for (int64_t l = 0; l < config.n_layers; ++l) {
    const std::string layer = "L" + std::to_string(l);
    for (int64_t h = 0; h < config.n_heads; ++h) names.push_back(layer + "H" + std::to_string(h));
    names.push_back(layer + ".b_O");
    names.push_back(layer + ".MLP");
  }
  names.push_back("constant");
  return names;
}

}  // namespace

AttributionResult Attribution(const Model& model, const QuestionSource& questions, const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  const Reference reference(model);
  const Encoding& encoding = reference.encoding();
  const int64_t first = encoding.first_answer_row(), rows = encoding.n_answer();
  const NamedTensors checked = CheckedWeights(model.config, model.weights, model.device, DtypeOf(model));
  const ModelWeights weights = BindWeights(model.config, checked);
  const torch::Tensor ln_w = weights.ln_final_w.to(torch::kFloat64), W_U = weights.W_U.to(torch::kFloat64);
  const torch::Tensor constant = torch::matmul(weights.ln_final_b.to(torch::kFloat64), W_U) + weights.b_U;
  const std::vector<std::string> names = ComponentNames(model.config);

  AttributionResult result;
  result.questions = questions.count();
  torch::Tensor sums = torch::zeros({static_cast<int64_t>(names.size()), rows}, torch::kFloat64);
  torch::Tensor logit_sum = torch::zeros({rows}, torch::kFloat64);
  // hook_result is n_heads times as large as the residual stream: smaller batches.
  const int64_t batch_size = std::max<int64_t>(1, BatchSize(model.config) / 4);
  reference.ForEachBatch(
      questions, ComponentHooks(model.config), PassTo::kLogits, batch_size, progress, [&](const ReferenceBatch& batch) {
        const auto captured = [&](const std::string& name) {
          return batch.hooks.captured().at(name).slice(1, first, first + rows).to(torch::kFloat64);
        };
        const torch::Tensor truth = batch.tokens.slice(1, encoding.n_question()).to(model.device);
        const torch::Tensor scale = captured("ln_final.hook_scale");
        // Direction of the true token's logit [batch, rows, d_model].
        const torch::Tensor direction = torch::embedding(W_U.t().contiguous(), truth) * ln_w / scale;
        std::vector<torch::Tensor> parts;  // [batch, rows] each
        const auto add = [&](const torch::Tensor& component) {
          parts.push_back(((component - component.mean(-1, /*keepdim=*/true)) * direction).sum(-1));
        };
        add(captured("hook_embed") + captured("hook_pos_embed"));
        for (int64_t l = 0; l < model.config.n_layers; ++l) {
          const std::string block = "blocks." + std::to_string(l) + ".";
          const torch::Tensor result_of_heads = captured(block + "attn.hook_result");
          for (int64_t h = 0; h < model.config.n_heads; ++h) add(result_of_heads.select(2, h));
          add(weights.blocks[static_cast<size_t>(l)].b_O.to(torch::kFloat64).expand_as(direction));
          add(captured(block + "hook_mlp_out"));
        }
        parts.push_back(torch::embedding(constant.unsqueeze(1), truth).squeeze(-1));
        const torch::Tensor all = torch::stack(parts);  // [components, batch, rows]
        const torch::Tensor logit =
            batch.logits.slice(1, first, first + rows).to(torch::kFloat64).gather(-1, truth.unsqueeze(-1)).squeeze(-1);
        sums += all.sum(1).to(torch::kCPU);
        logit_sum += logit.sum(0).to(torch::kCPU);
        result.largest_sum_error = std::max(result.largest_sum_error, (all.sum(0) - logit).abs().max().item<double>());
      });
  const auto list = [&](const torch::Tensor& sum) {
    const torch::Tensor mean = (sum / static_cast<double>(questions.count())).contiguous();
    return std::vector<double>(mean.data_ptr<double>(), mean.data_ptr<double>() + mean.numel());
  };
  result.true_logit = list(logit_sum);
  for (size_t c = 0; c < names.size(); ++c) result.parts.push_back({names[c], list(sums[static_cast<int64_t>(c)])});
  return result;
}

}  // namespace sumscope::engine
