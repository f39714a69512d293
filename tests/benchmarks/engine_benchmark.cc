// Questions per second of the engine, fast paths beside the reference transformer. Run it on an idle machine:
//   engine_benchmark --benchmark_min_time=5
#include <benchmark/benchmark.h>

#include <memory>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "server/engine/training/trainer.h"
#include "tests/benchmarks/paper_spec.h"

namespace sumscope::engine {
namespace {

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

BENCHMARK(EvaluateQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ReferenceForwardQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sumscope::engine

BENCHMARK_MAIN();
