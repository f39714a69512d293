#include "server/engine/training/batched/step.h"

#include <utility>

#include "server/engine/training/batched/linear.h"
#include "server/engine/training/step/flat_parameters.h"

namespace sumscope::engine::batched {

NamedTensors ViewsOfRuns(const ModelConfig& config, const torch::Tensor& flat) {
  NamedTensors views;
  for (const auto& [name, one] : step::FlatParameters(config).Views(flat[0])) {
    std::vector<int64_t> sizes = one.sizes().vec(), strides = one.strides().vec();
    sizes.insert(sizes.begin(), flat.size(0));
    strides.insert(strides.begin(), flat.stride(0));
    views.emplace_back(name, flat.as_strided(sizes, strides, one.storage_offset()));
  }
  return views;
}

Step::Step(const ModelConfig& config, const Encoding& encoding, const std::vector<Operation>& operations, int64_t batch,
           const torch::Tensor& weights, const torch::Tensor& gradients)
    : config_(config),
      runs_(weights.size(0)),
      batch_(batch),
      answer_rows_(encoding.n_answer()),
      first_row_(encoding.first_answer_row()),
      first_of_layer0_(config.n_layers == 1 ? first_row_ : 0),
      slots_(encoding, operations),
      weights_(BindWeights(config, ViewsOfRuns(config, weights))),
      gradients_(BindWeights(config, ViewsOfRuns(config, gradients))),
      slot_token_(slots_.tokens().to(weights.device())),
      token_one_hot_(slots_.one_hot().to(weights.options()).expand({runs_, -1, -1}).contiguous()),
      slot_position_(at::arange(slots_.count(), slot_token_.options()).floor_divide(slots_.per_position())),
      position_(at::arange(slots_.positions(), slot_token_.options())),
      norm_{weights_.ln_final_w, weights_.ln_final_b, gradients_.ln_final_w, gradients_.ln_final_b, {}, {}, {}, {}} {
  const torch::NoGradGuard no_grad;
  gradients_.W_pos.slice(1, slots_.positions()).zero_();  // of the last position, which no row reads
  for (size_t i = 0; i < weights_.blocks.size(); ++i) {
    layers_.emplace_back(config, weights_.blocks[i], gradients_.blocks[i]);
  }
}

torch::Tensor Step::Run(const torch::Tensor& slots, const torch::Tensor& answers) {
  const torch::NoGradGuard no_grad;
  pick_.emplace(slots.slice(1, first_of_layer0_), slots_.per_position(), weights_.W_E.scalar_type());
  const torch::Tensor log_p = Forward(slots).to(torch::kFloat64).log_softmax(-1);
  const torch::Tensor truth = answers.view({runs_, -1, 1});
  const torch::Tensor is_true = truth.eq(at::arange(config_.d_vocab, truth.options())).to(torch::kFloat64);
  Backward(log_p.exp().sub_(is_true).div_(batch_ * answer_rows_).to(weights_.W_E.scalar_type()));
  return log_p.gather(2, truth).neg_().view({runs_, answer_rows_, batch_}).transpose(1, 2).contiguous();
}

// Logits [runs, answer rows * batch, d_vocab].
torch::Tensor Step::Forward(const torch::Tensor& slots) {
  const int64_t positions = slots_.positions(), per_position = slots_.per_position();
  Reading reading;
  reading.source = weights_.W_E.index_select(1, slot_token_);
  reading.source.view({runs_, positions, per_position, -1}).add_(weights_.W_pos.slice(1, 0, positions).unsqueeze(2));
  reading.first = first_of_layer0_ * per_position;
  reading.pick = &*pick_;
  // A row sees the slot that its question has at each position up to its own.
  const torch::Tensor absent =
      slots.transpose(1, 2).unsqueeze(3).ne(at::arange(per_position, slots.options())).reshape({runs_, 1, batch_, -1});
  const torch::Tensor later = slot_position_.gt(position_.slice(0, first_of_layer0_).view({-1, 1, 1}));
  reading.hidden = absent.logical_or(later).reshape({runs_, 1, -1, slots_.count()});

  torch::Tensor residual = layers_.front().Forward(reading);
  for (size_t i = 1; i < layers_.size(); ++i) {
    const int64_t first = i + 1 == layers_.size() ? first_row_ : 0;
    reading = {residual, first * batch_, batch_, position_.gt(position_.slice(0, first).unsqueeze(1)), nullptr};
    residual = layers_[i].Forward(reading);
  }
  normalized_ = norm_.Forward(residual);
  return at::baddbmm(weights_.b_U.unsqueeze(1), normalized_, weights_.W_U);
}

void Step::Backward(const torch::Tensor& logits_gradient) {
  LinearBackward(normalized_, logits_gradient, gradients_.W_U, gradients_.b_U);
  torch::Tensor gradient = norm_.Backward(at::bmm(logits_gradient, Transposed(weights_.W_U)));
  for (size_t i = layers_.size(); i-- > 0;) gradient = layers_[i].Backward(gradient);
  torch::Tensor W_E = gradients_.W_E, W_pos = gradients_.W_pos.slice(1, 0, slots_.positions());
  at::bmm_out(W_E, token_one_hot_, gradient);
  at::sum_out(W_pos, gradient.view({runs_, slots_.positions(), slots_.per_position(), -1}), {2});
}

}  // namespace sumscope::engine::batched
