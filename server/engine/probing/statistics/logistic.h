#ifndef SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_LOGISTIC_H_
#define SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_LOGISTIC_H_

#include <cstdint>
#include <vector>

#include "server/engine/probing/progress.h"
#include "server/engine/runtime/torch.h"

namespace sumscope::engine {

struct ProbeSplit {
  std::vector<int64_t> train;     // ascending
  std::vector<int64_t> held_out;  // ascending; disjoint from train
};
// A seeded random split of 0 .. count-1, count >= 2: round(count * share) held out, at least one on either side.
ProbeSplit SplitForProbe(int64_t count, double share, uint64_t seed);

// Mean over the rows of -log p(label) in nats plus l2/2 times the squared weights (biases are free), and its gradient.
// x [N, F+1] float64 with a last column of ones, labels int64 [N], theta [F+1, classes] with the biases in its last
// row.
double LogisticLoss(const torch::Tensor& x, const torch::Tensor& labels, const torch::Tensor& theta, double l2,
                    torch::Tensor* gradient);

struct LogisticFit {
  torch::Tensor theta;
  uint32_t iterations = 0;
};
// The minimum of LogisticLoss from theta = 0: full-batch L-BFGS with backtracking, until no entry of the gradient is
// above 1e-6, at most 500 iterations. `progress` hears of every iteration. Throws kCancelled.
LogisticFit FitLogistic(const torch::Tensor& x, const torch::Tensor& labels, int64_t classes, double l2,
                        const ProgressFn& progress);

struct ProbeOptions {
  double held_out = 0.2;  // share, above 0 and below 1
  double l2 = 1e-3;
  uint64_t seed = 0;  // of the split and the shuffle
};
struct ProbeScore {
  uint64_t count = 0;
  uint64_t correct = 0;
  double loss = 0;  // mean -log p(label), nats
};
struct ProbeFit {
  ProbeSplit split;
  ProbeScore held_out, train;
  ProbeScore shuffled;  // held-out, after training on the training labels shuffled among themselves
  double majority = 0;  // share of the most frequent label in the held-out rows
  uint32_t iterations = 0;
};
// Multinomial logistic regression of labels (0 .. classes-1) on rows [N, F] float64. Features are standardised by means
// and deviations of the training rows alone; one that is constant there is left out. Throws kInvalidArgument:
// BAD_HELD_OUT, BAD_L2, TOO_FEW_QUESTIONS (below 2 rows), ONE_LABEL (the training rows have one label only);
// kCancelled.
ProbeFit FitLinearProbe(const torch::Tensor& rows, const std::vector<int64_t>& labels, int64_t classes,
                        const ProbeOptions& options, const ProgressFn& progress = nullptr);

}  // namespace sumscope::engine

#endif  // SUMSCOPE_SERVER_ENGINE_PROBING_STATISTICS_LOGISTIC_H_
