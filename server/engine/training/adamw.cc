#include "server/engine/training/adamw.h"

#include <ATen/ops/_fused_adamw.h>

#include <utility>

namespace sumscope::engine {

AdamW::AdamW(const TrainSpec& spec, std::vector<torch::Tensor> parameters)
    : weight_decay_(spec.weight_decay),
      beta1_(spec.beta1),
      beta2_(spec.beta2),
      epsilon_(spec.epsilon),
      parameters_(std::move(parameters)) {
  for (const torch::Tensor& parameter : parameters_) {
    m_.push_back(torch::zeros_like(parameter).detach());
    v_.push_back(torch::zeros_like(parameter).detach());
    updates_.push_back(torch::zeros({}, torch::dtype(torch::kFloat32).device(parameter.device())));
  }
}

void AdamW::Update(std::vector<torch::Tensor> gradients, double learning_rate, uint64_t update) {
  const torch::NoGradGuard no_grad;
  // The fused pass walks over raw memory: a gradient that autograd left transposed would go to the wrong elements.
  for (torch::Tensor& gradient : gradients) gradient = gradient.contiguous();
  for (torch::Tensor& count : updates_) count.fill_(static_cast<double>(update));
  at::_fused_adamw_(parameters_, gradients, m_, v_, /*max_exp_avg_sqs=*/{}, updates_, learning_rate, beta1_, beta2_,
                    weight_decay_, epsilon_, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace sumscope::engine
