#include "server/engine/training/adamw.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_fused_adamw.h>

#include <cmath>
#include <utility>

#include "server/engine/training/step/adam.h"

namespace sumscope::engine {
namespace {

template <class T>
void UpdateOnCpu(const step::AdamUpdate<double>& update, const torch::Tensor& gradient, const torch::Tensor& parameter,
                 const torch::Tensor& m, const torch::Tensor& v) {
  constexpr int64_t kWorthAThread = 1 << 15;
  const step::AdamUpdate<T> rounded{static_cast<T>(update.decay),       static_cast<T>(update.from_gradient),
                                    static_cast<T>(update.square_kept), static_cast<T>(update.from_square),
                                    static_cast<T>(update.rate),        static_cast<T>(update.inverse_correction),
                                    static_cast<T>(update.epsilon)};
  const T* const g = gradient.const_data_ptr<T>();
  T *const p_at = parameter.data_ptr<T>(), *const m_at = m.data_ptr<T>(), *const v_at = v.data_ptr<T>();
  at::parallel_for(0, parameter.numel(), kWorthAThread, [&](int64_t from, int64_t to) {
    step::Adam(rounded, g + from, p_at + from, m_at + from, v_at + from, to - from);
  });
}

}  // namespace

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
  if (!parameters_.front().is_cpu()) {
    for (torch::Tensor& count : updates_) count.fill_(static_cast<double>(update));
    at::_fused_adamw_(parameters_, gradients, m_, v_, /*max_exp_avg_sqs=*/{}, updates_, learning_rate, beta1_, beta2_,
                      weight_decay_, epsilon_, /*amsgrad=*/false, /*maximize=*/false);
    return;
  }
  const auto count = static_cast<double>(update);
  const step::AdamUpdate<double> on_cpu{learning_rate * weight_decay_,
                                        1 - beta1_,
                                        beta2_,
                                        1 - beta2_,
                                        learning_rate / (1 - std::pow(beta1_, count)),
                                        1 / std::sqrt(1 - std::pow(beta2_, count)),
                                        epsilon_};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].scalar_type() == torch::kFloat64) {
      UpdateOnCpu<double>(on_cpu, gradients[i], parameters_[i], m_[i], v_[i]);
    } else {
      UpdateOnCpu<float>(on_cpu, gradients[i], parameters_[i], m_[i], v_[i]);
    }
  }
}

}  // namespace sumscope::engine
