#include "server/worker/machine/calibration.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "proto/contract/analyses/analysis_work.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_cost.h"
#include "server/engine/data/sources.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/training/trainer.h"
#include "server/worker/convert/conversion.h"

namespace sumscope::worker {
namespace {

constexpr int kMostRounds = 20;
constexpr absl::Duration kMostTime = absl::Milliseconds(50);  // of one measurement, but for a round under way
constexpr uint64_t kQuestions = 128, kInterventions = 32;

sumscope::v1::TrainSpec SpecOf(uint32_t n_digits, uint32_t d_model) {
  sumscope::v1::TrainSpec spec;
  spec.set_operation(sumscope::v1::ADD);
  spec.set_n_digits(n_digits);
  spec.set_n_layers(1);
  spec.set_n_heads(4);
  spec.set_d_model(d_model);
  spec.set_d_head(d_model / 4);
  spec.set_d_mlp(4 * d_model);
  spec.set_batch_size(64);
  return CompleteSpec(spec);
}

// That of a few rounds which a quarter of them stay below, after one that loads and allocates: what else runs at a
// start makes many of them longer, and the least of them is a time that few tasks reach.
double QuartileSeconds(Clock* clock, const std::function<void()>& round) {
  round();
  std::vector<double> seconds;
  const absl::Duration begin = clock->Monotonic();
  for (int i = 0; i < kMostRounds && (i == 0 || clock->Monotonic() - begin < kMostTime); ++i) {
    const absl::Duration start = clock->Monotonic();
    round();
    seconds.push_back(absl::ToDoubleSeconds(clock->Monotonic() - start));
  }
  const auto quartile = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 4);
  std::nth_element(seconds.begin(), quartile, seconds.end());
  return std::max(*quartile, 1e-9);
}

// What was measured, beside its work.
struct Measured {
  Work work;
  double seconds;
};

// The time of an operation and of a value: of a wide model, whose time is its operations', and of a thin one with long
// questions, whose time is its values'. Where they contradict each other, the wide one's is all of its operations.
struct Times {
  Times(const Measured& wide, const Measured& thin) {
    const double determinant = wide.work.flops * thin.work.values - thin.work.flops * wide.work.values;
    flop = (wide.seconds * thin.work.values - thin.seconds * wide.work.values) / determinant;
    if (!(flop > 0)) flop = wide.seconds / wide.work.flops;
    value = std::max(0.0, (thin.seconds - thin.work.flops * flop) / thin.work.values);
  }
  double flop, value;
};

absl::StatusOr<std::unique_ptr<engine::Trainer>> TrainerOf(const sumscope::v1::TrainSpec& spec,
                                                           const torch::Device& device) {
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec own, ToEngine(spec));
  return engine::Trainer::Create(own, device);
}

Measured MeasureStep(const sumscope::v1::TrainSpec& spec, engine::Trainer* trainer, Clock* clock) {
  return {WorkOfStep(spec), QuartileSeconds(clock, [&] { (void)trainer->Step(); })};
}

// As `evaluate` reads answers by the forward pass.
Measured MeasureAnswers(const sumscope::v1::TrainSpec& spec, const engine::Model& model, Clock* clock) {
  const auto source = engine::UniformSource(engine::Operation::kAdd, model.n_digits, kQuestions, /*seed=*/0);
  return {static_cast<double>(kQuestions) * (WorkOfAnswer(spec) + WorkOfGenerated(spec)), QuartileSeconds(clock, [&] {
            (void)engine::Evaluate(model, *source, {}, nullptr, engine::AnswerBy::kForwardPass);
          })};
}

// Of every node once, as a map of useful nodes does it by the forward pass.
Measured MeasureInterventions(const sumscope::v1::TrainSpec& spec, const engine::Model& model, Clock* clock) {
  const auto source = engine::UniformSource(engine::Operation::kAdd, model.n_digits, kInterventions, /*seed=*/0);
  const engine::AblationRequest every_node = {engine::EveryNode(model.config)};
  return {WorkOfMapByPasses(spec, sumscope::v1::MEAN, kInterventions), QuartileSeconds(clock, [&] {
            (void)engine::Ablate(model, *source, every_node, nullptr, engine::AnswerBy::kForwardPass);
          })};
}

// Of 2, 4, 8, .. threads as far as there are processors, of which a container may have few.
void MeasureThreadGains(const std::function<void()>& step, Clock* clock, sumscope::v1::Rates* rates) {
  const int own = at::get_num_threads();
  const auto seconds_with = [&](int threads) {
    at::set_num_threads(threads);
    return QuartileSeconds(clock, step);
  };
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  const double alone = processors < 2 ? 0 : seconds_with(1);
  for (int threads = 2; threads <= processors; threads *= 2) {
    sumscope::v1::ThreadGain* const gain = rates->add_thread_gains();
    gain->set_threads(static_cast<uint32_t>(threads));
    gain->set_times(alone / seconds_with(threads));
  }
  at::set_num_threads(own);
}

}  // namespace

absl::StatusOr<sumscope::v1::Rates> Calibrate(const torch::Device& device, Clock* clock) {
  const sumscope::v1::TrainSpec small = SpecOf(5, 32), wide = SpecOf(5, 256), thin = SpecOf(12, 32);
  sumscope::v1::Rates rates;
  SUMSCOPE_ASSIGN_OR_RETURN(const auto of_small, TrainerOf(small, device));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto of_wide, TrainerOf(wide, device));
  SUMSCOPE_ASSIGN_OR_RETURN(const auto of_thin, TrainerOf(thin, device));
  const Measured small_step = MeasureStep(small, of_small.get(), clock);
  const Measured wide_step = MeasureStep(wide, of_wide.get(), clock);
  const Measured thin_step = MeasureStep(thin, of_thin.get(), clock);
  // A step takes a fixed time beside: that of the small one is taken from both.
  const auto beyond = [&](const Measured& step) {
    return Measured{step.work + -1.0 * small_step.work, std::max(0.0, step.seconds - small_step.seconds)};
  };
  const Times step(beyond(wide_step), beyond(thin_step));
  rates.set_training_flops_per_second(1 / step.flop);
  rates.set_training_value_seconds(step.value);
  rates.set_training_step_seconds(
      std::max(0.0, small_step.seconds - small_step.work.flops * step.flop - small_step.work.values * step.value));

  const torch::NoGradGuard no_grad;
  const engine::Model wide_model = of_wide->CurrentModel(), thin_model = of_thin->CurrentModel();
  const Times answer(MeasureAnswers(wide, wide_model, clock), MeasureAnswers(thin, thin_model, clock));
  rates.set_answering_flops_per_second(1 / answer.flop);
  rates.set_answering_value_seconds(answer.value);
  const Times intervention(MeasureInterventions(wide, wide_model, clock),
                           MeasureInterventions(thin, thin_model, clock));
  rates.set_intervening_flops_per_second(1 / intervention.flop);
  rates.set_intervening_value_seconds(intervention.value);
  if (device.is_cpu()) MeasureThreadGains([&] { (void)of_wide->Step(); }, clock, &rates);
  malloc_trim(0);
  return rates;
}

}  // namespace sumscope::worker
