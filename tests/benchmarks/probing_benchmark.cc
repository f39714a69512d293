// What probing repeats most, beside the same by plainer means: a useful-node map (every head and MLP at every position)
// and a patch sweep (every head and pair of heads) by restarts of the forward pass, which deeper models take anyway,
// and the map by full passes; generated answers by passes from the first token on. Run it on an idle machine; compare
// the two lines of one shape:
//   probing_benchmark --benchmark_repetitions=3
#include <benchmark/benchmark.h>

#include <algorithm>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/forward/restart_forward.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/probing/interventions/patch.h"
#include "server/engine/spec/spec.h"

namespace sumscope::engine {
namespace {

struct Shape {
  int n_layers, d_model, d_head, d_mlp;
  uint64_t questions;
};
constexpr Shape kOneLayer = {1, 510, 170, 2040, 2000}, kTwoLayers = {2, 510, 170, 2040, 2000},
                kOneSmallLayer = {1, 96, 32, 384, 2000}, kTwoSmallLayers = {2, 96, 32, 384, 2000};

Model RandomModel(const Shape& shape) {
  TrainSpec spec;
  spec.n_layers = shape.n_layers;
  spec.d_model = shape.d_model;
  spec.d_head = shape.d_head;
  spec.d_mlp = shape.d_mlp;
  return {ConfigOf(spec), spec.n_digits, spec.format, InitialWeights(ConfigOf(spec), spec.seed), torch::kCPU};
}

void SetNodeQuestions(benchmark::State* state, size_t nodes, const Shape& shape) {
  const double questions = static_cast<double>(nodes) * static_cast<double>(shape.questions);
  state->counters["node_questions/s"] =
      benchmark::Counter(static_cast<double>(state->iterations()) * questions, benchmark::Counter::kIsRate);
}

void UsefulNodeMap(benchmark::State& state, Shape shape, AnswerBy by = AnswerBy::kFastest) {
  SetThreads(static_cast<int>(state.range(0)));
  const Model model = RandomModel(shape);
  const auto questions = UniformSource(Operation::kAdd, model.n_digits, shape.questions, 0);
  AblationRequest request;
  request.node_sets = EveryNode(model.config);
  for (auto _ : state) benchmark::DoNotOptimize(Ablate(model, *questions, request, nullptr, by));
  state.counters["nodes"] = static_cast<double>(request.node_sets.size());
  SetNodeQuestions(&state, request.node_sets.size(), shape);
}

void UsefulNodeMapByRestarts(benchmark::State& state, Shape shape) {
  UsefulNodeMap(state, shape, AnswerBy::kForwardPass);
}

void PatchSweep(benchmark::State& state, Shape shape, AnswerBy by = AnswerBy::kFastest) {
  SetThreads(static_cast<int>(state.range(0)));
  const Model model = RandomModel(shape);
  shape.questions /= 4;
  Questions questions;
  UniformSource(Operation::kAdd, model.n_digits, 2 * shape.questions, 0)->Fill(0, 2 * shape.questions, &questions);
  PatchRequest request;
  request.node_sets = EveryHead(model.config, Encoding(model.n_digits, model.format), /*head_pairs=*/true);
  for (size_t i = 0; i < questions.size(); i += 2) {
    request.pairs.push_back({"pair", "", questions[i], questions[i + 1], {}});
  }
  for (auto _ : state) benchmark::DoNotOptimize(Patch(model, request, nullptr, by));
  state.counters["nodes"] = static_cast<double>(request.node_sets.size());
  SetNodeQuestions(&state, request.node_sets.size(), shape);
}

void PatchSweepByRestarts(benchmark::State& state, Shape shape) { PatchSweep(state, shape, AnswerBy::kForwardPass); }

// The same number of passes and readings, each pass from the tokens on, by the same kernels. What replacing the node
// would cost is left out.
void FullForwardMap(benchmark::State& state, Shape shape) {
  SetThreads(static_cast<int>(state.range(0)));
  const torch::NoGradGuard no_grad;
  const Model model = RandomModel(shape);
  const RestartForward forward(model);
  const auto questions = UniformSource(Operation::kAdd, model.n_digits, shape.questions, 0);
  const size_t nodes = EveryNode(model.config).size();
  const auto batch_size = static_cast<uint64_t>(forward.batch_size());
  Questions batch;
  AnswerReading reading;
  for (auto _ : state) {
    for (uint64_t first = 0; first < shape.questions; first += batch_size) {
      questions->Fill(first, std::min(batch_size, shape.questions - first), &batch);
      const torch::Tensor tokens = forward.encoding().Encode(batch);
      for (size_t node = 0; node < nodes; ++node) {
        const torch::Tensor logits = forward.Run(tokens).logits.contiguous();
        for (int64_t q = 0; q < tokens.size(0); ++q) {
          ReadAnswer(logits, q, tokens[q].data_ptr<int64_t>() + forward.encoding().n_question(), &reading);
        }
      }
    }
  }
  state.counters["nodes"] = static_cast<double>(nodes);
  SetNodeQuestions(&state, nodes, shape);
}

void Generate(benchmark::State& state, Shape shape) {
  SetThreads(static_cast<int>(state.range(0)));
  const torch::NoGradGuard no_grad;
  const Answerer answerer(RandomModel(shape));
  Questions batch;
  UniformSource(Operation::kAdd, answerer.encoding().n_digits(), 512, 0)->Fill(0, 512, &batch);
  const torch::Tensor tokens = answerer.encoding().Encode(batch);
  for (auto _ : state) benchmark::DoNotOptimize(answerer.Generate(tokens));
}

void GenerateFromTheFirstToken(benchmark::State& state, Shape shape) {
  SetThreads(static_cast<int>(state.range(0)));
  const torch::NoGradGuard no_grad;
  const Answerer answerer(RandomModel(shape));
  const Encoding& encoding = answerer.encoding();
  Questions batch;
  UniformSource(Operation::kAdd, encoding.n_digits(), 512, 0)->Fill(0, 512, &batch);
  torch::Tensor lines = encoding.Encode(batch);
  for (auto _ : state) {
    for (int64_t j = 0; j < encoding.n_answer(); ++j) {
      lines.select(1, encoding.n_question() + j).copy_(answerer.Logits(lines, j, 1).squeeze(1).argmax(-1));
    }
  }
}

#define SUMSCOPE_BOTH(function, name, shape) \
  BENCHMARK_CAPTURE(function, name, shape)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime()

#define SUMSCOPE_MAP(name, shape)            \
  SUMSCOPE_BOTH(UsefulNodeMap, name, shape); \
  SUMSCOPE_BOTH(FullForwardMap, name, shape)

#define SUMSCOPE_TABLES(name, shape)                   \
  SUMSCOPE_BOTH(UsefulNodeMap, name, shape);           \
  SUMSCOPE_BOTH(UsefulNodeMapByRestarts, name, shape); \
  SUMSCOPE_BOTH(PatchSweep, name, shape);              \
  SUMSCOPE_BOTH(PatchSweepByRestarts, name, shape)

SUMSCOPE_TABLES(one_small_layer, kOneSmallLayer);
SUMSCOPE_TABLES(one_layer, kOneLayer);
SUMSCOPE_BOTH(FullForwardMap, one_layer, kOneLayer);
SUMSCOPE_MAP(two_small_layers, kTwoSmallLayers);
SUMSCOPE_MAP(two_layers, kTwoLayers);

#define SUMSCOPE_GENERATE(name, shape)  \
  SUMSCOPE_BOTH(Generate, name, shape); \
  SUMSCOPE_BOTH(GenerateFromTheFirstToken, name, shape)

SUMSCOPE_GENERATE(two_small_layers, kTwoSmallLayers);
SUMSCOPE_GENERATE(two_layers, kTwoLayers);

}  // namespace
}  // namespace sumscope::engine

BENCHMARK_MAIN();
