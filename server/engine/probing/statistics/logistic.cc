#include "server/engine/probing/statistics/logistic.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "server/engine/data/permutation.h"
#include "server/engine/probing/forward/activations.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

constexpr uint32_t kSplitColumn = 65, kShuffleColumn = 66;  // of the analysis stream
constexpr uint32_t kMaxIterations = 500;
constexpr double kGradientTolerance = 1e-6;
constexpr size_t kHistory = 10;

double Dot(const torch::Tensor& left, const torch::Tensor& right) { return (left * right).sum().item<double>(); }

// What L-BFGS remembers of the curvature: steps and the changes of the gradient along them, the oldest first.
class Curvature {
 public:
  void Add(const torch::Tensor& step, const torch::Tensor& change) {
    const double product = Dot(step, change);
    if (product <= 1e-12 * change.square().sum().item<double>()) return;
    pairs_.push_back({step, change, product});
    if (pairs_.size() > kHistory) pairs_.pop_front();
  }
  bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }

  // -H gradient by the two-loop recursion.
  torch::Tensor Direction(const torch::Tensor& gradient) const {
    torch::Tensor direction = -gradient;
    std::vector<double> alphas(pairs_.size());
    for (size_t i = pairs_.size(); i-- > 0;) {
      alphas[i] = Dot(pairs_[i].step, direction) / pairs_[i].product;
      direction = direction - alphas[i] * pairs_[i].change;
    }
    if (!pairs_.empty()) {
      direction = direction * (pairs_.back().product / Dot(pairs_.back().change, pairs_.back().change));
    }
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const double beta = Dot(pairs_[i].change, direction) / pairs_[i].product;
      direction = direction + (alphas[i] - beta) * pairs_[i].step;
    }
    return direction;
  }

 private:
  struct Pair {
    torch::Tensor step, change;
    double product;
  };
  std::deque<Pair> pairs_;
};

ProbeScore Score(const torch::Tensor& x, const torch::Tensor& labels, const torch::Tensor& theta) {
  const torch::Tensor logits = x.matmul(theta);
  ProbeScore score;
  score.count = static_cast<uint64_t>(labels.size(0));
  score.correct = static_cast<uint64_t>((logits.argmax(1) == labels).sum().item<int64_t>());
  score.loss = -torch::log_softmax(logits, 1).gather(1, labels.unsqueeze(1)).mean().item<double>();
  return score;
}

// Standardised by the training rows, with a last column of ones.
torch::Tensor Prepared(const torch::Tensor& rows, const torch::Tensor& mean, const torch::Tensor& scale) {
  return torch::cat({(rows - mean) * scale, torch::ones({rows.size(0), 1}, torch::kFloat64)}, 1);
}

void Check(int64_t count, const ProbeOptions& options) {
  if (!(options.held_out > 0 && options.held_out < 1)) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_HELD_OUT", "the held-out share must be between 0 and 1");
  }
  if (!(options.l2 >= 0) || !std::isfinite(options.l2)) {
    throw Error(ErrorKind::kInvalidArgument, "BAD_L2", "l2 must be 0 or more");
  }
  if (count < 2) {
    throw Error(ErrorKind::kInvalidArgument, "TOO_FEW_QUESTIONS",
                "a probe needs questions to which its feature applies");
  }
}

}  // namespace

ProbeSplit SplitForProbe(int64_t count, double share, uint64_t seed) {
  std::vector<int64_t> order = Permutation(static_cast<uint64_t>(count), seed, kSplitColumn);
  const auto held_out = std::clamp<int64_t>(std::llround(share * static_cast<double>(count)), 1, count - 1);
  ProbeSplit split;
  split.held_out.assign(order.begin(), order.begin() + held_out);
  split.train.assign(order.begin() + held_out, order.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  std::sort(split.train.begin(), split.train.end());
  return split;
}

double LogisticLoss(const torch::Tensor& x, const torch::Tensor& labels, const torch::Tensor& theta, double l2,
                    torch::Tensor* gradient) {
  const torch::Tensor log_p = torch::log_softmax(x.matmul(theta), 1);
  const torch::Tensor chosen = labels.unsqueeze(1);
  const torch::Tensor weights = theta.slice(0, 0, theta.size(0) - 1);
  torch::Tensor error = log_p.exp();
  error.scatter_add_(1, chosen, torch::full_like(chosen, -1, torch::kFloat64));
  *gradient = x.t().matmul(error) / static_cast<double>(x.size(0));
  gradient->slice(0, 0, theta.size(0) - 1).add_(weights, l2);
  return -log_p.gather(1, chosen).mean().item<double>() + l2 / 2 * weights.square().sum().item<double>();
}

LogisticFit FitLogistic(const torch::Tensor& x, const torch::Tensor& labels, int64_t classes, double l2,
                        const ProgressFn& progress) {
  LogisticFit fit;
  fit.theta = torch::zeros({x.size(1), classes}, torch::kFloat64);
  torch::Tensor gradient;
  double loss = LogisticLoss(x, labels, fit.theta, l2, &gradient);
  Curvature curvature;
  for (; fit.iterations < kMaxIterations; ++fit.iterations) {
    if (gradient.abs().max().item<double>() <= kGradientTolerance) break;
    Report(progress, static_cast<double>(fit.iterations) / kMaxIterations);
    const torch::Tensor direction = curvature.Direction(gradient);
    const double slope = Dot(gradient, direction);
    double step = curvature.empty() ? std::min(1.0, 1.0 / gradient.norm().item<double>()) : 1.0;
    torch::Tensor theta, next_gradient;
    double next = loss;
    bool lower = false;
    for (int halving = 0; halving < 30 && !lower; ++halving, step /= 2) {  // Armijo's rule
      theta = fit.theta + step * direction;
      next = LogisticLoss(x, labels, theta, l2, &next_gradient);
      lower = next <= loss + 1e-4 * step * slope;
    }
    if (!lower) {
      if (curvature.empty()) break;  // as low as float64 can tell
      curvature.clear();
      continue;
    }
    curvature.Add(theta - fit.theta, next_gradient - gradient);
    fit.theta = theta;
    gradient = next_gradient;
    loss = next;
  }
  return fit;
}

ProbeFit FitLinearProbe(const torch::Tensor& rows, const std::vector<int64_t>& labels, int64_t classes,
                        const ProbeOptions& options, const ProgressFn& progress) {
  const torch::NoGradGuard no_grad;
  Check(rows.size(0), options);
  ProbeFit fit;
  fit.split = SplitForProbe(rows.size(0), options.held_out, options.seed);
  const torch::Tensor all = torch::tensor(labels, torch::kInt64);
  const torch::Tensor train_index = torch::tensor(fit.split.train, torch::kInt64);
  const torch::Tensor held_index = torch::tensor(fit.split.held_out, torch::kInt64);
  const torch::Tensor train_labels = all.index({train_index}), held_labels = all.index({held_index});
  if (train_labels.min().item<int64_t>() == train_labels.max().item<int64_t>()) {
    throw Error(ErrorKind::kInvalidArgument, "ONE_LABEL", "all training questions have the same label");
  }
  const torch::Tensor train_rows = rows.index({train_index});
  const torch::Tensor mean = train_rows.mean(0), deviation = (train_rows - mean).square().mean(0).sqrt();
  // What is constant up to rounding carries nothing and must not be blown up.
  const torch::Tensor varies = deviation > 1e-10 * (1 + mean.abs());
  const torch::Tensor scale = torch::where(varies, deviation.reciprocal(), torch::zeros_like(deviation));
  const torch::Tensor train = Prepared(train_rows, mean, scale), held = Prepared(rows.index({held_index}), mean, scale);

  const LogisticFit real = FitLogistic(train, train_labels, classes, options.l2, Part(progress, 0, 0.5));
  fit.iterations = real.iterations;
  fit.train = Score(train, train_labels, real.theta);
  fit.held_out = Score(held, held_labels, real.theta);
  const std::vector<int64_t> order =
      Permutation(static_cast<uint64_t>(train_labels.size(0)), options.seed, kShuffleColumn);
  const torch::Tensor shuffled = train_labels.index({torch::tensor(order, torch::kInt64)});
  fit.shuffled =
      Score(held, held_labels, FitLogistic(train, shuffled, classes, options.l2, Part(progress, 0.5, 1)).theta);
  fit.majority = torch::bincount(held_labels).max().item<double>() / static_cast<double>(held_labels.size(0));
  return fit;
}

}  // namespace sumscope::engine
