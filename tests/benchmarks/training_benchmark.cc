// Training steps per second beside their counted floor, measured in turn with them, and the reference transformer with
// autograd. Run it on an idle machine:
//   training_benchmark --benchmark_min_time=5
#include <benchmark/benchmark.h>
#include <torch/cuda.h>
#include <torch/optim/adamw.h>

#include <chrono>
#include <memory>
#include <vector>

#include "server/engine/data/training_batch.h"
#include "server/engine/device/device.h"
#include "server/engine/model/transformer.h"
#include "server/engine/training/runs.h"
#include "server/engine/training/step/flat_parameters.h"
#include "server/engine/training/step/training_step.h"
#include "server/engine/training/trainer.h"
#include "tests/benchmarks/floor.h"
#include "tests/benchmarks/paper_spec.h"

namespace sumscope::engine {
namespace {

TrainSpec PaperTwoLayersSpec() {
  TrainSpec spec;
  spec.n_layers = 2;
  return spec;
}

// Of d_model 96, with the n digits given; the quick start's has 3.
TrainSpec SmallSpec(int n_digits) {
  TrainSpec spec;
  spec.n_digits = n_digits;
  spec.d_model = 96;
  spec.d_head = 32;
  spec.d_mlp = 384;
  spec.learning_rate = 1e-3;
  return spec;
}

Floor FloorOf(const TrainSpec& spec) {
  const ModelConfig config = ConfigOf(spec);
  const torch::Tensor flat = torch::zeros({step::FlatParameters(config).size()});
  const Encoding encoding(spec.n_digits, spec.format);
  return Floor(step::TrainingStep::Create(config, encoding, OperationsOf(spec.operation), spec.batch_size, flat, flat)
                   ->ProductShapes(),
               torch::kFloat32);
}

void TrainingStep(benchmark::State& state, TrainSpec spec) {
  SetThreads(static_cast<int>(state.range(0)));
  const auto trainer = Trainer::Create(spec, torch::kCPU);
  Floor floor = FloorOf(spec);
  double seconds = 0, floor_seconds = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(trainer->Step());
    const double own = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    state.SetIterationTime(own);
    seconds += own;
    floor_seconds += floor.Measure();
  }
  const auto steps = static_cast<double>(state.iterations());
  state.counters["steps/s"] = steps / seconds;
  state.counters["GFLOP/s"] = steps * floor.flops() / seconds / 1e9;
  state.counters["GEMM_GFLOP/s"] = steps * floor.flops() / floor_seconds / 1e9;
  state.counters["floor_share"] = floor_seconds / seconds;
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

// Seeds of one spec trained as one group, on the GPU where there is one.
void SeedsAsOne(benchmark::State& state, TrainSpec spec) {
  SetThreads(1);
  const torch::Device device(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU);
  const uint64_t block = device.is_cuda() ? 64 : 2;
  std::vector<TrainSpec> specs(static_cast<size_t>(state.range(0)), spec);
  for (size_t i = 0; i < specs.size(); ++i) specs[i].seed += i;
  batched::Runs runs(specs, std::vector<const SourceModel*>(specs.size()), device);
  std::vector<std::vector<StepMetrics>> metrics;
  runs.Advance(block, &metrics);  // a graph is recorded in the first steps
  for (auto _ : state) runs.Advance(block, &metrics);
  const auto steps = static_cast<double>(state.iterations() * block) * static_cast<double>(specs.size());
  state.counters["steps/s"] = benchmark::Counter(steps, benchmark::Counter::kIsRate);  // of all runs together
  state.SetLabel(device.str());
}

void Configure(benchmark::internal::Benchmark* benchmark) { benchmark->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond); }

BENCHMARK_CAPTURE(TrainingStep, paper, PaperSpec())->Apply(Configure)->UseManualTime();
BENCHMARK_CAPTURE(TrainingStep, paper_two_layers, PaperTwoLayersSpec())->Apply(Configure)->UseManualTime();
BENCHMARK_CAPTURE(TrainingStep, quickstart, SmallSpec(3))->Apply(Configure)->UseManualTime();
BENCHMARK_CAPTURE(TrainingStep, small_5_digits, SmallSpec(5))->Apply(Configure)->UseManualTime();
BENCHMARK_CAPTURE(ReferenceTrainingStep, paper, PaperSpec())->Apply(Configure)->UseRealTime();
BENCHMARK_CAPTURE(ReferenceTrainingStep, quickstart, SmallSpec(3))->Apply(Configure)->UseRealTime();
BENCHMARK_CAPTURE(SeedsAsOne, paper, PaperSpec())->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(SeedsAsOne, quickstart, SmallSpec(3))->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sumscope::engine

BENCHMARK_MAIN();
