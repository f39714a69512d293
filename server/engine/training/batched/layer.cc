#include "server/engine/training/batched/layer.h"

#include <cmath>
#include <limits>

#include "server/engine/training/batched/linear.h"

namespace sumscope::engine::batched {
namespace {

// W_Q, and W_K with W_V, as FlatParameters has them: one matrix [runs, d_model, columns].
torch::Tensor HeadsMatrix(const torch::Tensor& heads, int64_t columns) {
  return heads.as_strided({heads.size(0), heads.size(2), columns}, {heads.stride(0), columns, 1},
                          heads.storage_offset());
}

}  // namespace

Layer::Layer(const ModelConfig& config, const BlockWeights& weights, const BlockWeights& gradients)
    : config_(config),
      runs_(weights.b_O.size(0)),
      width_(config.n_heads * config.d_head),
      weights_(weights),
      gradients_(gradients),
      W_Q_(HeadsMatrix(weights.W_Q, width_)),
      W_KV_(HeadsMatrix(weights.W_K, 2 * width_)),
      W_O_(weights.W_O.view({runs_, width_, config.d_model})),
      norm1_{weights.ln1_w, weights.ln1_b, gradients.ln1_w, gradients.ln1_b, {}, {}, {}, {}},
      norm2_{weights.ln2_w, weights.ln2_b, gradients.ln2_w, gradients.ln2_b, {}, {}, {}, {}} {}

torch::Tensor Layer::ToHeads(const torch::Tensor& x) const {
  return x.reshape({runs_, -1, reading_.groups, config_.n_heads, config_.d_head})
      .permute({0, 2, 3, 1, 4})
      .reshape({runs_ * reading_.groups * config_.n_heads, -1, config_.d_head});
}

torch::Tensor Layer::FromHeads(const torch::Tensor& x) const {
  return x.view({runs_, reading_.groups, config_.n_heads, -1, config_.d_head})
      .permute({0, 3, 1, 2, 4})
      .reshape({runs_, -1, width_});
}

torch::Tensor Layer::Forward(const Reading& reading) {
  reading_ = reading;
  normalized1_ = norm1_.Forward(reading.source);
  const auto bias = [&](const torch::Tensor& b) { return b.view({runs_, 1, width_}); };
  const torch::Tensor kv = at::bmm(normalized1_, W_KV_);
  q_ = ToHeads(at::baddbmm(bias(weights_.b_Q), normalized1_.slice(1, reading.first), W_Q_))
           .mul_(1 / std::sqrt(static_cast<double>(config_.d_head)));
  k_ = ToHeads(kv.slice(2, 0, width_) + bias(weights_.b_K));
  v_ = ToHeads(kv.slice(2, width_) + bias(weights_.b_V));

  torch::Tensor scores = at::bmm(q_, Transposed(k_));
  if (reading.pick != nullptr) scores = reading.pick->Gather(scores);
  pattern_ = scores.view({runs_, reading.groups * config_.n_heads, scores.size(1), scores.size(2)})
                 .masked_fill(reading.hidden, -std::numeric_limits<double>::infinity())
                 .softmax(-1)
                 .view_as(scores);
  z_ = FromHeads(at::bmm(pattern_, v_));

  torch::Tensor own = reading.source.slice(1, reading.first);
  if (reading.pick != nullptr) own = reading.pick->Gather(own.contiguous());
  const torch::Tensor mid = at::baddbmm(own + weights_.b_O.unsqueeze(1), z_, W_O_);
  normalized2_ = norm2_.Forward(mid);
  post_ = at::baddbmm(weights_.b_in.unsqueeze(1), normalized2_, weights_.W_in).relu_();
  return at::baddbmm(mid + weights_.b_out.unsqueeze(1), post_, weights_.W_out);
}

torch::Tensor Layer::Backward(const torch::Tensor& out_gradient) {
  LinearBackward(post_, out_gradient, gradients_.W_out, gradients_.b_out);
  const torch::Tensor dpre =
      at::threshold_backward(at::bmm(out_gradient, Transposed(weights_.W_out)), post_, /*threshold=*/0);
  LinearBackward(normalized2_, dpre, gradients_.W_in, gradients_.b_in);
  const torch::Tensor dmid = out_gradient + norm2_.Backward(at::bmm(dpre, Transposed(weights_.W_in)));
  LinearBackward(z_, dmid, gradients_.W_O.view({runs_, width_, config_.d_model}), gradients_.b_O);

  const torch::Tensor dsource = norm1_.Backward(BackwardOfAttention(at::bmm(dmid, Transposed(W_O_))));
  dsource.slice(1, reading_.first).add_(reading_.pick != nullptr ? reading_.pick->Scatter(dmid) : dmid);
  return dsource;
}

torch::Tensor Layer::BackwardOfAttention(const torch::Tensor& z_gradient) {
  const torch::Tensor dz = ToHeads(z_gradient);
  const torch::Tensor dpattern = at::bmm(dz, Transposed(v_));
  torch::Tensor dscores = at::_softmax_backward_data(dpattern, pattern_, -1, pattern_.scalar_type());
  if (reading_.pick != nullptr) dscores = reading_.pick->Scatter(dscores);
  const torch::Tensor dq = FromHeads(at::bmm(dscores, k_)).mul_(1 / std::sqrt(static_cast<double>(config_.d_head)));
  const torch::Tensor dkv =
      at::cat({FromHeads(at::bmm(Transposed(dscores), q_)), FromHeads(at::bmm(Transposed(pattern_), dz))}, 2);

  // b_V's gradient follows b_K's without a gap, as W_V's columns do W_K's.
  const auto vector = [&](const torch::Tensor& b, int64_t columns) {
    return b.as_strided({runs_, columns}, {b.stride(0), 1}, b.storage_offset());
  };
  const torch::Tensor queries = normalized1_.slice(1, reading_.first);
  LinearBackward(queries, dq, HeadsMatrix(gradients_.W_Q, width_), vector(gradients_.b_Q, width_));
  LinearBackward(normalized1_, dkv, HeadsMatrix(gradients_.W_K, 2 * width_), vector(gradients_.b_K, 2 * width_));
  torch::Tensor gradient = at::bmm(dkv, Transposed(W_KV_));
  gradient.slice(1, reading_.first).add_(at::bmm(dq, Transposed(W_Q_)));
  return gradient;
}

}  // namespace sumscope::engine::batched
