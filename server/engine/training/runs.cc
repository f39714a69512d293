#include "server/engine/training/runs.h"

#include <ATen/ops/_fused_adamw.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "server/engine/runtime/error.h"
#include "server/engine/training/step/flat_parameters.h"

namespace sumscope::engine::batched {
namespace {

// What makes the steps of two runs the same operations.
auto ShapeOf(const TrainSpec& spec) {
  return std::make_tuple(spec.operation, spec.n_digits, spec.format, spec.n_layers, spec.n_heads, spec.d_model,
                         spec.d_head, spec.d_mlp, spec.steps, spec.batch_size, spec.grokfast, spec.precision);
}

const std::vector<TrainSpec>& CheckedSpecs(const std::vector<TrainSpec>& specs) {
  for (const TrainSpec& spec : specs) {
    ValidateSpec(spec);
    if (ShapeOf(spec) == ShapeOf(specs.front())) continue;
    RefuseInput("RUNS_DIFFER",
                "runs that train as one must agree in operation, n_digits, format, n_layers, n_heads, "
                "d_model, d_head, d_mlp, steps, batch_size, grokfast and precision");
  }
  return specs;
}

torch::Tensor FlatOfRuns(const std::vector<TrainSpec>& specs, torch::Device device) {
  return torch::zeros({static_cast<int64_t>(specs.size()), step::FlatParameters(ConfigOf(specs.front())).size()},
                      torch::dtype(DtypeOf(specs.front())).device(device));
}

NamedTensors ViewsOfRun(const ModelConfig& config, const torch::Tensor& flat, size_t run) {
  NamedTensors views;
  if (!flat.defined()) return views;
  for (const auto& [name, tensor] : ViewsOfRuns(config, flat)) {
    views.emplace_back(name, tensor[static_cast<int64_t>(run)]);
  }
  return views;
}

}  // namespace

Runs::Runs(const std::vector<TrainSpec>& specs, const std::vector<const SourceModel*>& sources, torch::Device device)
    : specs_(CheckedSpecs(specs)),
      config_(ConfigOf(specs.front())),
      device_(device),
      weights_(FlatOfRuns(specs, device)),
      gradients_(FlatOfRuns(specs, device)),
      m_(FlatOfRuns(specs, device)),
      v_(FlatOfRuns(specs, device)),
      slow_(specs.front().grokfast ? FlatOfRuns(specs, device) : torch::Tensor()),
      model_(config_, Encoding(specs.front().n_digits, specs.front().format), OperationsOf(specs.front().operation),
             specs.front().batch_size, weights_, gradients_),
      measure_(specs.front()),
      insertions_(specs.size()),
      failed_at_(specs.size()),
      block_(specs, model_.slots()),
      next_(specs, model_.slots()),
      inputs_(block_.inputs().To(device)),
      at_(torch::zeros({1}, torch::dtype(torch::kInt64).device(device))),
      ring_(torch::arange(static_cast<int64_t>(block_.steps()), at_.options())),
      losses_(torch::zeros({static_cast<int64_t>(block_.steps()), static_cast<int64_t>(specs.size()),
                            specs.front().batch_size, model_.slots().answers()},
                           torch::dtype(torch::kFloat64).device(device))),
      has_failed_(torch::zeros({static_cast<int64_t>(specs.size())}, torch::dtype(torch::kFloat32).device(device))),
      replay_(Replay::Create(device, [this] { StepOnce(); })) {
  const torch::NoGradGuard no_grad;
  for (size_t run = 0; run < specs.size(); ++run) {
    states_.push_back({ViewsOfRun(config_, weights_, run), ViewsOfRun(config_, m_, run), ViewsOfRun(config_, v_, run),
                       ViewsOfRun(config_, slow_, run)});
    const NamedTensors initial = InitialWeights(config_, specs[run].seed, weights_.scalar_type());
    for (size_t i = 0; i < initial.size(); ++i) states_[run].weights[i].second.copy_(initial[i].second);
    if (sources[run] == nullptr) continue;
    insertions_[run].emplace(specs[run].insert_mode, config_, *sources[run], &states_[run].weights);
  }
}

Model Runs::CurrentModel(size_t run) const {
  return {config_, specs_[run].n_digits, specs_[run].format, states_[run].weights, device_};
}

void Runs::Restore(const std::vector<ResumeState>& states) {
  for (const ResumeState& state : states) {
    if (state.step == states.front().step) continue;
    throw Error(ErrorKind::kCorrupt, "BAD_RESUME_STATE", "resume states of different steps for runs that train as one");
  }
  for (size_t run = 0; run < count(); ++run) states_[run].Restore(specs_[run], states[run]);
  step_ = states.front().step;
  failed_at_.assign(count(), std::nullopt);
  has_failed_.zero_();
}

void Runs::StepOnce() {
  const torch::NoGradGuard no_grad;
  const StepInputs inputs = inputs_.At(at_);
  const torch::Tensor losses = model_.Run(inputs.slots, inputs.answers);
  losses_.copy_(torch::where(ring_.eq(at_).view({-1, 1, 1, 1}), losses, losses_));
  at::maximum_out(has_failed_, has_failed_, losses.sum({1, 2}).isfinite().logical_not_().to(torch::kFloat32));
  Update(inputs);
  at_.add_(1);
}

// AdamW of each run, which changes nothing of one that has failed.
void Runs::Update(const StepInputs& inputs) {
  if (slow_.defined()) {
    const torch::Tensor slow =
        torch::where(inputs.updates.eq(1), gradients_, slow_.mul(kGrokFastDecay).add_(gradients_, 1 - kGrokFastDecay));
    slow_.copy_(torch::where(has_failed_.unsqueeze(1).eq(0), slow, slow_));
    gradients_.add_(slow_, kGrokFastGain);
  }
  for (size_t i = 0; i < specs_.size(); ++i) {
    const auto run = static_cast<int64_t>(i);
    const TrainSpec& spec = specs_[i];
    at::_fused_adamw_({weights_[run]}, {gradients_[run]}, {m_[run]}, {v_[run]}, /*max_exp_avg_sqs=*/{},
                      {inputs.updates}, inputs.rates[run], spec.beta1, spec.beta2, spec.weight_decay, spec.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, /*found_inf=*/has_failed_[run]);
  }
}

void Runs::Advance(uint64_t steps, std::vector<std::vector<StepMetrics>>* metrics) {
  metrics->assign(count(), {});
  while (steps > 0) steps -= AdvanceInBlock(steps, metrics);
}

uint64_t Runs::AdvanceInBlock(uint64_t steps, std::vector<std::vector<StepMetrics>>* metrics) {
  if (!block_.Has(step_)) {
    if (!next_.Has(step_)) next_.Draw(step_);
    std::swap(block_, next_);
    inputs_.CopyFrom(block_.inputs());
  }
  // Weights are written back between two steps, and only of a run that has not failed.
  const bool inserts = std::any_of(insertions_.begin(), insertions_.end(), [](const auto& i) { return i.has_value(); });
  steps = inserts ? 1 : std::min(steps, block_.end() - step_);
  const auto from = static_cast<int64_t>(step_ - block_.first());
  at_.fill_(from);
  replay_->Run(steps);
  if (!next_.Has(block_.end())) next_.Draw(block_.end());
  Measure(step_, losses_.slice(0, from, from + static_cast<int64_t>(steps)).to(torch::kCPU), metrics);
  for (size_t run = 0; run < count(); ++run) {
    if (insertions_[run].has_value() && !failed_at_[run].has_value()) insertions_[run]->WriteBack(step_);
  }
  step_ += steps;
  return steps;
}

void Runs::Measure(uint64_t first, const torch::Tensor& losses, std::vector<std::vector<StepMetrics>>* metrics) {
  for (int64_t i = 0; i < losses.size(0); ++i) {
    const uint64_t step = first + static_cast<uint64_t>(i);
    for (size_t run = 0; run < count(); ++run) {
      if (failed_at_[run].has_value()) continue;
      StepMetrics own = measure_.Of(block_.BatchOf(step, run), losses[i][static_cast<int64_t>(run)].data_ptr<double>());
      if (std::isfinite(own.loss)) {
        (*metrics)[run].push_back(std::move(own));
      } else {
        failed_at_[run] = step;
      }
    }
  }
}

}  // namespace sumscope::engine::batched
