#include "server/engine/model/block_math.h"

#include <cmath>
#include <limits>

namespace sumscope::engine {

torch::Tensor Normalize(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& b) {
  return torch::layer_norm(x, {x.size(-1)}, w, b, kLayerNormEpsilon);
}

torch::Tensor ProjectHeads(const torch::Tensor& x, const torch::Tensor& W, const torch::Tensor& b) {
  const torch::Tensor flat = W.permute({1, 0, 2}).reshape({W.size(1), -1});
  return torch::addmm(b.reshape({-1}), x.reshape({-1, W.size(1)}), flat)
      .view({x.size(0), x.size(1), W.size(0), W.size(2)})
      .transpose(1, 2);
}

torch::Tensor AttentionOut(const BlockWeights& block, const torch::Tensor& z) {
  const torch::Tensor flat = block.W_O.reshape({-1, block.W_O.size(-1)});
  return torch::addmm(block.b_O, z.reshape({-1, flat.size(0)}), flat);
}

torch::Tensor MlpOut(const BlockWeights& block, const torch::Tensor& mid) {
  const torch::Tensor x = Normalize(mid, block.ln2_w, block.ln2_b).reshape({-1, mid.size(-1)});
  return torch::addmm(block.b_out, torch::relu(torch::addmm(block.b_in, x, block.W_in)), block.W_out).view(mid.sizes());
}

torch::Tensor AttentionPattern(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& hidden) {
  return (torch::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(-1))))
      .masked_fill(hidden, -std::numeric_limits<double>::infinity())
      .softmax(-1);
}

}  // namespace sumscope::engine
