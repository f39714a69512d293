#include "server/worker/machine/calibration.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/status_macros.h"
#include "proto/contract/models/complete_spec.h"
#include "proto/contract/models/model_cost.h"
#include "server/engine/data/sources.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/training/trainer.h"
#include "server/worker/convert/conversion.h"

namespace sumscope::worker {
namespace {

constexpr int kMostRounds = 20;
constexpr absl::Duration kMostTime = absl::Milliseconds(100);  // of one measurement, but for a round under way
constexpr uint64_t kQuestions = 64;

sumscope::v1::TrainSpec SpecOfWidth(uint32_t d_model) {
  sumscope::v1::TrainSpec spec;
  spec.set_operation(sumscope::v1::ADD);
  spec.set_n_digits(5);
  spec.set_n_layers(1);
  spec.set_n_heads(4);
  spec.set_d_model(d_model);
  spec.set_d_head(d_model / 4);
  spec.set_d_mlp(4 * d_model);
  spec.set_batch_size(64);
  return CompleteSpec(spec);
}

// The median of a few rounds, after one that loads and allocates.
double MedianSeconds(Clock* clock, const std::function<void()>& round) {
  round();
  std::vector<double> seconds;
  const absl::Duration begin = clock->Monotonic();
  do {
    const absl::Duration start = clock->Monotonic();
    round();
    seconds.push_back(absl::ToDoubleSeconds(clock->Monotonic() - start));
  } while (seconds.size() < kMostRounds && clock->Monotonic() - begin < kMostTime);
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<int64_t>(seconds.size() / 2), seconds.end());
  return seconds[seconds.size() / 2];
}

// Of every node once, as a map of useful nodes does it.
double InterveningFlopsPerSecond(const sumscope::v1::TrainSpec& spec, const engine::Model& model,
                                 const engine::QuestionSource& questions, Clock* clock) {
  const engine::AblationRequest every_node = {engine::EveryNode(model.config)};
  sumscope::v1::AnalysisRequest request;
  request.mutable_useful_nodes()->set_mode(sumscope::v1::MEAN);
  const AnalysisCost cost = KindOf(request).Cost(spec, {}, static_cast<double>(questions.count()), request);
  const double seconds = MedianSeconds(clock, [&] { (void)engine::Ablate(model, questions, every_node); });
  return cost.flops / std::max(seconds, 1e-9);
}

}  // namespace

absl::StatusOr<sumscope::v1::Rates> Calibrate(const torch::Device& device, Clock* clock) {
  const sumscope::v1::TrainSpec small = SpecOfWidth(32), middling = SpecOfWidth(256);
  const auto step_seconds = [&](engine::Trainer* trainer) {
    return MedianSeconds(clock, [trainer] { (void)trainer->Step(); });
  };
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec small_spec, ToEngine(small));
  SUMSCOPE_ASSIGN_OR_RETURN(const engine::TrainSpec middling_spec, ToEngine(middling));
  const auto of_small = engine::Trainer::Create(small_spec, device);
  const auto of_middling = engine::Trainer::Create(middling_spec, device);
  const double small_seconds = step_seconds(of_small.get()), seconds = step_seconds(of_middling.get());
  // A step takes a fixed time and one for its operations: two points of a line.
  const double small_flops = FlopsOfStep(small), flops = FlopsOfStep(middling);
  const double per_flop = (seconds - small_seconds) / (flops - small_flops);
  sumscope::v1::Rates rates;
  rates.set_training_flops_per_second(per_flop > 0 ? 1 / per_flop : flops / std::max(seconds, 1e-9));
  rates.set_training_step_seconds(std::max(0.0, small_seconds - small_flops * std::max(0.0, per_flop)));

  const torch::NoGradGuard no_grad;
  const engine::Model model = of_middling->CurrentModel();
  const engine::Answerer answerer(model);
  const engine::Encoding& encoding = answerer.encoding();
  const auto source = engine::UniformSource(engine::Operation::kAdd, encoding.n_digits(), kQuestions, /*seed=*/0);
  engine::Questions questions;
  source->Fill(0, kQuestions, &questions);
  const torch::Tensor tokens = encoding.Encode(questions);
  const double answer_seconds = MedianSeconds(clock, [&] { (void)answerer.Logits(tokens, 0, encoding.n_answer()); });
  rates.set_answering_flops_per_second(FlopsOfAnswers(middling, kQuestions) / std::max(answer_seconds, 1e-9));
  rates.set_intervening_flops_per_second(InterveningFlopsPerSecond(middling, model, *source, clock));
  malloc_trim(0);
  return rates;
}

}  // namespace sumscope::worker
