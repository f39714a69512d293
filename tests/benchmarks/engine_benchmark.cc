// Steps and questions per second of the engine, fast paths beside the reference transformer. Run it on an idle machine:
//   engine_benchmark --benchmark_min_time=5
#include <benchmark/benchmark.h>
#include <torch/optim/adamw.h>

#include <memory>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/training/trainer.h"

namespace sumscope::engine {
namespace {

// Paper 1's model, its format and its data.
TrainSpec PaperSpec() {
  TrainSpec spec;
  spec.format = Format::kPlain;
  spec.schedule = ScheduleKind::kPaper1;
  spec.enrichment = Enrichment::kPaper1;
  return spec;
}

TrainSpec PaperTwoLayersSpec() {
  TrainSpec spec;
  spec.n_layers = 2;
  return spec;
}

// The small model of the quick start.
TrainSpec QuickstartSpec() {
  TrainSpec spec;
  spec.n_digits = 3;
  spec.d_model = 96;
  spec.d_head = 32;
  spec.d_mlp = 384;
  spec.learning_rate = 1e-3;
  return spec;
}

void TrainingStep(benchmark::State& state, TrainSpec spec) {
  SetThreads(static_cast<int>(state.range(0)));
  const auto trainer = Trainer::Create(spec, torch::kCPU);
  for (auto _ : state) benchmark::DoNotOptimize(trainer->Step());
  state.counters["steps/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void ReferenceTrainingStep(benchmark::State& state, TrainSpec spec) {
  SetThreads(static_cast<int>(state.range(0)));
  const ModelConfig config = ConfigOf(spec);
  const Encoding encoding(spec.n_digits, spec.format);
  const NamedTensors weights = InitialWeights(config, spec.seed);
  std::vector<torch::Tensor> parameters;
  for (const auto& [name, tensor] : weights) parameters.push_back(tensor.requires_grad_());
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(spec.learning_rate).weight_decay(0.1));
  const Transformer model(config, weights);
  uint64_t step = 0;
  for (auto _ : state) {
    const torch::Tensor tokens = encoding.Encode(TrainingBatch(spec, step++));
    const torch::Tensor logits = model.Forward(tokens).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
    optimizer.zero_grad();
    AnswerLosses(logits, tokens.slice(1, encoding.n_question())).mean().backward();
    optimizer.step();
  }
  state.counters["steps/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void EvaluateQuestions(benchmark::State& state) {
  SetThreads(static_cast<int>(state.range(0)));
  const auto trainer = Trainer::Create(PaperSpec(), torch::kCPU);
  const Model model = trainer->CurrentModel();
  const auto questions = UniformSource(Operation::kAdd, model.n_digits, kHeldoutQuestions, 0, Stream::kHeldout);
  for (auto _ : state) benchmark::DoNotOptimize(HeldoutLoss(model, *questions));
  state.counters["questions/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(kHeldoutQuestions), benchmark::Counter::kIsRate);
}

void ReferenceForwardQuestions(benchmark::State& state) {
  SetThreads(static_cast<int>(state.range(0)));
  const torch::NoGradGuard no_grad;
  const TrainSpec spec = PaperSpec();
  const Transformer model(ConfigOf(spec), InitialWeights(ConfigOf(spec), spec.seed));
  Questions questions;
  UniformSource(Operation::kAdd, 5, 512, 0)->Fill(0, 512, &questions);
  const torch::Tensor tokens = Encoding(5, Format::kPlain).Encode(questions);
  for (auto _ : state) benchmark::DoNotOptimize(model.Forward(tokens));
  state.counters["questions/s"] =
      benchmark::Counter(512.0 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(TrainingStep, paper, PaperSpec())->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(TrainingStep, paper_two_layers, PaperTwoLayersSpec())
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(TrainingStep, quickstart, QuickstartSpec())
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(ReferenceTrainingStep, paper, PaperSpec())->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(ReferenceTrainingStep, quickstart, QuickstartSpec())
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(EvaluateQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ReferenceForwardQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sumscope::engine

BENCHMARK_MAIN();
