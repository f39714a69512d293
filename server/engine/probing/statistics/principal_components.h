#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_PRINCIPAL_COMPONENTS_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_PRINCIPAL_COMPONENTS_H_

#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

// The first k principal components of N points, all float64.
struct PrincipalComponents {
  torch::Tensor mean;    // [features]
  torch::Tensor axes;    // [k, features], unit vectors whose largest |loading| is positive; 0 beyond the points' rank
                         // when there are more features than points
  torch::Tensor scores;  // [N, k]: the centred points along the axes
  torch::Tensor evr;     // [k]: shares of the variance, 0 without any
  double total_variance = 0;  // over all features, divisor N-1
};

// Of points [N, features] float64, centred but not scaled; k is cut to min(N, features). N >= 2. Works on the smaller
// of the two matrices of inner products, features x features or N x N. Throws kNonFinite (ACTIVATIONS_NOT_FINITE).
PrincipalComponents FindPrincipalComponents(const torch::Tensor& points, int64_t k);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_PRINCIPAL_COMPONENTS_H_
