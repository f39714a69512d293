// Questions per second of the engine, fast paths beside the reference transformer. Run it on an idle machine:
//   engine_benchmark --benchmark_min_time=5
#include <benchmark/benchmark.h>

#include <memory>
#include <numeric>
#include <vector>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/model/screening/screen.h"
#include "server/engine/model/transformer.h"
#include "server/engine/probing/evaluation/answerer.h"
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

// Answers without losses, which very long evaluations consist of.
void AnswerQuestions(benchmark::State& state) {
  SetThreads(static_cast<int>(state.range(0)));
  const torch::NoGradGuard no_grad;
  const Model model = Trainer::Create(PaperSpec(), torch::kCPU)->CurrentModel();
  const Answerer answerer(model);
  const auto count = static_cast<uint64_t>(answerer.batch_size());
  Questions questions;
  UniformSource(Operation::kAdd, model.n_digits, count, 0)->Fill(0, count, &questions);
  const torch::Tensor tokens = answerer.encoding().Encode(questions);
  std::vector<int64_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  std::vector<AnswerReading> readings;
  for (auto _ : state) answerer.Read(tokens, all, /*with_loss=*/false, &readings);
  state.counters["questions/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(count), benchmark::Counter::kIsRate);
}

// The screen of a model of two layers, which long evaluations of a trained one consist of.
void ScreenQuestions(benchmark::State& state) {
  constexpr int64_t kBatch = 512;
  SetThreads(static_cast<int>(state.range(0)));
  const torch::NoGradGuard no_grad;
  TrainSpec spec = PaperSpec();
  spec.n_layers = 2;
  const ModelConfig config = ConfigOf(spec);
  const Encoding encoding(spec.n_digits, spec.format);
  const Screen screen(config, InitialWeights(config, spec.seed), encoding, torch::kCPU);
  Questions questions;
  UniformSource(Operation::kAdd, spec.n_digits, kBatch, 0)->Fill(0, kBatch, &questions);
  const torch::Tensor tokens = encoding.Encode(questions);
  for (auto _ : state) benchmark::DoNotOptimize(screen.Logits(tokens));
  state.counters["questions/s"] =
      benchmark::Counter(static_cast<double>(kBatch * state.iterations()), benchmark::Counter::kIsRate);
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
BENCHMARK(AnswerQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ScreenQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ReferenceForwardQuestions)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sumscope::engine

BENCHMARK_MAIN();
