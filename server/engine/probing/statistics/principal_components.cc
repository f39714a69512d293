#include "server/engine/probing/statistics/principal_components.h"

#include <algorithm>
#include <cmath>

#include "server/engine/runtime/error.h"

namespace sumscope::engine {

PrincipalComponents FindPrincipalComponents(const torch::Tensor& points, int64_t k) {
  const torch::NoGradGuard no_grad;
  const int64_t count = points.size(0), features = points.size(1);
  k = std::min({k, count, features});
  PrincipalComponents found;
  found.mean = points.mean(0);
  const torch::Tensor x = points - found.mean;
  // What the rounding of the mean leaves of constant features is no variance.
  const double spread = x.square().sum().item<double>();
  if (!std::isfinite(spread)) {
    throw Error(ErrorKind::kNonFinite, "ACTIVATIONS_NOT_FINITE",
                "activations that are NaN or infinite have no components");
  }
  const double total = spread > 1e-28 * points.square().sum().item<double>() ? spread : 0;
  found.total_variance = total / static_cast<double>(count - 1);
  const bool by_features = features <= count;
  // Eigenvalues ascend; the eigenvectors are columns.
  const auto [values, vectors] = torch::linalg_eigh(by_features ? x.t().matmul(x) : x.matmul(x.t()));
  const torch::Tensor top = values.slice(0, values.size(0) - k).flip(0).clamp_min(0);
  torch::Tensor axes = vectors.slice(1, vectors.size(1) - k).flip(1).t();
  if (!by_features) {
    const torch::Tensor real = (top > 1e-12 * total).unsqueeze(1);
    axes = torch::where(real, axes.matmul(x) / top.sqrt().unsqueeze(1), torch::zeros({}, x.options()));
  }
  const torch::Tensor loadings = axes.gather(1, axes.abs().argmax(1, /*keepdim=*/true));
  found.axes =
      (axes * torch::where(loadings < 0, -torch::ones_like(loadings), torch::ones_like(loadings))).contiguous();
  found.scores = x.matmul(found.axes.t()).contiguous();
  found.evr = total > 0 ? top / total : torch::zeros_like(top);
  return found;
}

}  // namespace sumscope::engine
