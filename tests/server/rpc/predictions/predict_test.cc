#include "server/rpc/predictions/predict.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "proto/contract/analyses/kinds/kinds.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/models/complete_spec.h"
#include "tests/server/rpc/predictions/some_questions.h"

namespace sumscope::rpc {
namespace {

TEST(PredictTraining_Test, PaperShapeHasItsParametersAndOperations) {
  v1::TrainSpec spec;
  spec.set_format(v1::PLAIN);
  const v1::Prediction prediction = PredictTraining(CompleteSpec(spec), AssumedSpeed(2));
  // By hand: embeddings 12*510 + 18*510; attention 4*510*510 + 3*170*3 + 510; MLP 2*510*2040 + 2040 + 510; three
  // LayerNorms 2*510 each; unembedding 510*12 + 12.
  EXPECT_EQ(prediction.parameters(),
            30u * 510 + 4u * 510 * 510 + 9 * 170 + 510 + 2u * 510 * 2040 + 2550 + 6 * 510 + 510u * 12 + 12);
  EXPECT_GT(prediction.memory_bytes(), prediction.parameters() * 16);
  EXPECT_NEAR(prediction.training_flops() / 15000, 7.2e9, 0.3e9);
  // Checkpoints 0, 1, 2, 5, .., 10,000 and 15,000 are fifteen, and two resume states.
  EXPECT_NEAR(static_cast<double>(prediction.disk_bytes()), (15 + 6) * 4.0 * prediction.parameters() + 15000 * 13 * 8.0,
              1e3);
}

// A run that needed 1.5 TB was taken, and ended its worker.
TEST(CheckMemory_Test, MoreIsPredictedThanTheMachineHasThenItIsRefused) {
  constexpr uint64_t kGiB = uint64_t{1} << 30;
  EXPECT_EQ(ErrorReason(CheckMemory(1500 * kGiB, 24 * kGiB)), "NOT_ENOUGH_MEMORY");
  EXPECT_EQ(CheckMemory(1500 * kGiB, 24 * kGiB).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(CheckMemory(24 * kGiB, 24 * kGiB).ok());
  EXPECT_TRUE(CheckMemory(1500 * kGiB, 0).ok()) << "nobody knows what the machine has";
}

// Every run was taken to have the six columns of an addition's cells.
TEST(PredictTraining_Test, CellsAreThoseOfTheOperations) {
  const auto disk = [](v1::Operation operation) {
    v1::TrainSpec spec;
    spec.set_operation(operation);
    return static_cast<int64_t>(PredictTraining(CompleteSpec(spec), AssumedSpeed(1)).disk_bytes());
  };
  constexpr int64_t kThreeCells = 15000 * 6 * 8;  // count and loss of each, at every step
  EXPECT_EQ(disk(v1::ADD), disk(v1::SUB));
  EXPECT_EQ(disk(v1::MIX) - disk(v1::ADD), kThreeCells);
  EXPECT_EQ(disk(v1::ADD) - disk(v1::MUL), kThreeCells);
}

// `--dry-run` said 2 h of a training of 21 minutes: 15 GFLOP/s were assumed where 85 were reached.
TEST(PredictTraining_Test, GivenMeasuredRatesThenTheirTime) {
  v1::Slot first, second, starting;
  first.mutable_rates()->set_training_flops_per_second(80e9);
  first.mutable_rates()->set_training_step_seconds(1e-3);
  first.mutable_rates()->set_answering_flops_per_second(30e9);
  first.mutable_rates()->set_intervening_flops_per_second(10e9);
  second = first;
  second.mutable_rates()->set_training_flops_per_second(100e9);
  const Speed speed = SpeedOf({first, second, starting});
  EXPECT_TRUE(speed.measured);
  v1::TrainSpec spec;
  spec.set_format(v1::PLAIN);
  const v1::Prediction prediction = PredictTraining(CompleteSpec(spec), speed);
  EXPECT_TRUE(prediction.measured());
  // And fifteen checkpoints, each with 10,000 answers.
  const double checkpoints = 15 * WorkOfAnswers(CompleteSpec(spec), {10'000, 10'000, 0}).flops / 30e9;
  EXPECT_NEAR(prediction.seconds(), prediction.training_flops() / 90e9 + 15 + checkpoints, 1e-6);
  EXPECT_NEAR((prediction.seconds() - checkpoints) / 60, 21, 2);
  EXPECT_EQ(speed.rates.answering_flops_per_second(), 30e9);
  EXPECT_EQ(speed.rates.intervening_flops_per_second(), 10e9);
}

// Of 60 steps 24 of 29 seconds were eight checkpoints, of which nothing was predicted.
TEST(PredictTraining_Test, GivenFewStepsThenCheckpointsAreMostOfTheirTime) {
  v1::TrainSpec spec;
  spec.set_steps(60);
  spec = CompleteSpec(spec);
  Speed speed = AssumedSpeed(1);
  const double all = PredictTraining(spec, speed).seconds();
  EXPECT_NEAR(all, speed.TrainingSeconds(spec, 60) + 8 * speed.CheckpointSeconds(spec), 1e-9);
  EXPECT_GT(8 * speed.CheckpointSeconds(spec), all / 2);
}

TEST(CheckpointsBetween_Test, AreThoseOfTheEngine) {
  EXPECT_EQ(CheckpointsBetween(0, 15'000, 15'000), 15u);
  EXPECT_EQ(CheckpointsBetween(0, 0, 15'000), 1u);
  EXPECT_EQ(CheckpointsBetween(0, 4, 60), 3u);
  EXPECT_EQ(CheckpointsBetween(5, 60, 60), 4u);  // 10, 20, 50, 60
  EXPECT_EQ(CheckpointsBetween(50, 59, 60), 0u);
  EXPECT_EQ(CheckpointsBetween(0, 50, 50), 7u);  // the last one is one of the others
}

TEST(PredictTraining_Test, GivenNoRatesThenThoseAssumedOfTheFirstSlot) {
  v1::Slot slot;
  slot.set_threads(3);
  EXPECT_FALSE(SpeedOf({slot}).measured);
  const auto training = [](const Speed& speed) { return speed.rates.training_flops_per_second(); };
  EXPECT_EQ(training(SpeedOf({slot})), training(AssumedSpeed(3)));
  EXPECT_EQ(training(SpeedOf({})), training(AssumedSpeed(1)));
}

TEST(PredictTraining_Test, MoreThreadsTakeLessTime) {
  const v1::TrainSpec spec = CompleteSpec({});
  EXPECT_LT(PredictTraining(spec, AssumedSpeed(4)).seconds(), PredictTraining(spec, AssumedSpeed(1)).seconds());
}

uint64_t CaptureBytes(const v1::TrainSpec& spec, const std::string& hook, v1::CaptureReduction reduction,
                      const std::vector<std::string>& positions = {}) {
  v1::AnalysisRequest request;
  request.mutable_capture()->add_hooks(hook);
  request.mutable_capture()->set_reduction(reduction);
  request.mutable_capture()->set_components(2);
  for (const std::string& position : positions) request.mutable_capture()->add_positions(position);
  return PredictAnalysis(spec, request, Uniform(10), 0, AssumedSpeed(1)).disk_bytes();
}

TEST(PredictAnalysis_Test, UsefulNodesAreEveryNodeButTheLastPositions) {
  v1::AnalysisRequest request;
  request.mutable_useful_nodes();
  const v1::AnalysisPrediction prediction = PredictAnalysis(TwoLayers(), request, Uniform(2000), 0, AssumedSpeed(2));
  EXPECT_EQ(prediction.questions(), 2000);
  EXPECT_EQ(prediction.nodes(), 4 * 2 * 18);
  EXPECT_GT(prediction.flops(), 0);
  EXPECT_EQ(prediction.disk_bytes(), 0u);
  v1::AnalysisRequest plain;
  plain.mutable_evaluate();
  const v1::AnalysisPrediction evaluated = PredictAnalysis(TwoLayers(), plain, Uniform(2000), 0, AssumedSpeed(2));
  EXPECT_EQ(evaluated.nodes(), 1);
  EXPECT_GE(evaluated.seconds(), evaluated.flops() / 40e9);
}

// 88 seconds were predicted as one: a thin model with long questions spends its time on the patterns over all pairs of
// a position and a token, which were not counted.
TEST(PredictAnalysis_Test, GivenAThinModelWithLongQuestionsThenItsPatternsAreCounted) {
  v1::TrainSpec spec;
  spec.set_n_digits(20);  // 63 rows, 22 of the answer
  spec.set_n_layers(1);
  spec.set_n_heads(3);
  spec.set_d_model(24);
  spec.set_d_head(8);
  spec.set_d_mlp(96);
  spec.set_precision(v1::FLOAT64);  // the forward pass answers, in twice the time of float32
  spec = CompleteSpec(spec);
  Speed speed = AssumedSpeed(1);
  speed.rates.set_answering_value_seconds(5e-9);
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  const v1::AnalysisPrediction prediction = PredictAnalysis(spec, request, Uniform(200'000), 0, speed);
  const double values = 22.0 * 63 * 15 * 3 + 22 * 15;
  const double activations = 0.2 * 22 * (8 * 24 + 4 * 24 + 2 * 96 + 2 * 3 * 64);  // what a row of the layer leaves
  EXPECT_NEAR(prediction.seconds() / 2, prediction.flops() / 20e9 + 210'000 * (values + activations) * 5e-9, 1e-6);
  EXPECT_GT(prediction.seconds(), 120);
  request.mutable_evaluate()->set_generate(true);
  EXPECT_NEAR(PredictAnalysis(spec, request, Uniform(200'000), 0, speed).seconds(), prediction.seconds() * 400 / 210,
              1e-6);
}

// What one core was seen to take for the paper's model, by tables: answers with the losses of a sample, and all losses.
// A time that is many times too long sends quick work to the queue.
TEST(PredictAnalysis_Test, GivenTablesThenSecondsAreNearWhatWasSeen) {
  v1::TrainSpec spec;
  spec.set_format(v1::PLAIN);
  spec = CompleteSpec(spec);
  Speed speed = AssumedSpeed(1);
  speed.rates.set_answering_flops_per_second(100e9);
  speed.rates.set_answering_value_seconds(2e-9);
  v1::AnalysisRequest sample, full, map;
  sample.mutable_evaluate();
  full.mutable_evaluate()->set_loss_in_full(true);
  const auto near = [&](const v1::AnalysisRequest& request, uint64_t count, double seen) {
    const double seconds = PredictAnalysis(spec, request, Uniform(count), 0, speed).seconds();
    EXPECT_TRUE(seconds > seen / 2.2 && seconds < seen * 2.2) << count << ": " << seconds;
  };
  near(sample, 10'000, 1.05);
  near(sample, 100'000, 3.2);
  near(full, 50'000, 4.7);
  speed.rates.set_intervening_flops_per_second(90e9);
  map.mutable_useful_nodes()->set_mode(v1::MEAN);
  near(map, 2'000, 2.1);
}

// The rows of a pass were counted in two ways, and their difference went for logits.
TEST(PredictAnalysis_Test, GivenOneMoreAblationThenItsLogitsAreRead) {
  v1::TrainSpec spec = TwoLayers();
  spec.set_n_layers(1);
  Speed speed = AssumedSpeed(1);
  speed.rates.set_intervening_flops_per_second(1e300);
  speed.rates.set_intervening_value_seconds(1);
  v1::AnalysisRequest one, two;
  one.mutable_ablate()->add_node_sets("P14L0H1");
  two = one;
  two.mutable_ablate()->add_node_sets("P15L0H1");
  const auto values = [&](const v1::AnalysisRequest& request) {
    return PredictAnalysis(spec, request, Uniform(1), 0, speed).seconds();
  };
  EXPECT_NEAR(values(two) - values(one), 7 * 15, 1e-6);
}

// An algorithm is half interventions, half verdict: each at its own speed.
TEST(PredictAnalysis_Test, GivenAnAlgorithmThenItsVerdictIsAnswered) {
  v1::AnalysisRequest algorithm, subtasks, cascades;
  algorithm.mutable_algorithm()->set_per_cell(100);
  cascades.mutable_cascades()->set_per_cell(100);
  subtasks.mutable_subtasks();
  Speed speed = AssumedSpeed(1);
  speed.rates.set_answering_value_seconds(1e-6);
  const auto seconds = [&](const v1::AnalysisRequest& request) {
    return PredictAnalysis(TwoLayers(), request, Uniform(100), 0, speed).seconds();
  };
  EXPECT_NEAR(seconds(algorithm), seconds(subtasks) + seconds(cascades), 1e-6);
}

TEST(PredictAnalysis_Test, QuestionsOfEveryKindAreCounted) {
  v1::AnalysisRequest request;
  request.mutable_evaluate();
  const auto count = [&](const v1::QuestionSet& questions) {
    return PredictAnalysis(TwoLayers(), request, questions, 77, AssumedSpeed(1)).questions();
  };
  v1::QuestionSet questions;
  questions.mutable_uploaded();
  EXPECT_EQ(count(questions), 77);
  questions.mutable_tricase()->set_count_per_case(100);
  EXPECT_EQ(count(questions), 300);
  questions.set_operation(v1::ADD);
  questions.mutable_stratified()->set_count_per_class(10);
  EXPECT_EQ(count(questions), 60);  // S0 .. S5
  questions.mutable_list()->add_questions("1+2");
  EXPECT_EQ(count(questions), 1);
  questions.mutable_enriched()->set_count(64);
  EXPECT_EQ(count(questions), 64);
  // SA, MD and ND have the same two pairs at every digit, which were counted for each; GT has two of its own.
  questions.mutable_pairs()->add_tasks("A2.SA");
  EXPECT_EQ(count(questions), 2);
  for (const char* task : {"A1.SA", "A0.SA", "A2.SC", "A1.SC", "A1.GT", "A0.GT"}) {
    questions.mutable_pairs()->add_tasks(task);
  }
  questions.mutable_pairs()->add_pairs();
  EXPECT_EQ(count(questions), 2 + 2 + 4 + 1);
}

// By hand: 10 questions, 19 positions, 3 heads of 32, d_model 96; tokens are 10 x 19 x 8 bytes.
TEST(PredictAnalysis_Test, BytesOfACaptureAreExact) {
  v1::TrainSpec spec = TwoLayers();
  const uint64_t tokens = 10 * 19 * 8;
  EXPECT_EQ(CaptureBytes(spec, "blocks.0.attn.hook_z", v1::NONE), 10u * 19 * 3 * 32 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "blocks.*.attn.hook_z", v1::NONE), 2 * 10u * 19 * 3 * 32 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "blocks.0.attn.hook_pattern", v1::NONE, {"P14"}), 10u * 3 * 19 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "blocks.1.attn.hook_result", v1::NONE, {"P1", "P2"}), 10u * 2 * 3 * 96 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "blocks.0.hook_resid_pre", v1::NONE), 10u * 19 * 96 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "blocks.0.mlp.hook_pre", v1::NONE), 10u * 19 * 384 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "ln_final.hook_scale", v1::NONE), 10u * 19 * 4 + tokens);
  EXPECT_EQ(CaptureBytes(spec, "hook_embed", v1::MEAN_OVER_QUESTIONS), 19u * 96 * 4);
  EXPECT_EQ(CaptureBytes(spec, "hook_embed", v1::MEAN_PER_CLASS), 6u * 19 * 96 * 4);
  const uint64_t features = 19 * 96;
  EXPECT_EQ(CaptureBytes(spec, "hook_embed", v1::COMPONENTS), (10u * 2 + 2 * features + features + 2) * 4);
  spec.set_precision(v1::FLOAT64);
  EXPECT_EQ(CaptureBytes(spec, "hook_embed", v1::NONE), 10u * 19 * 96 * 8 + tokens);
}

v1::TrainSpec LargestOf(uint32_t d_model, uint32_t d_head, uint32_t n_digits) {
  v1::TrainSpec spec;
  spec.set_n_digits(n_digits);
  spec.set_n_layers(8);
  spec.set_n_heads(16);
  spec.set_d_model(d_model);
  spec.set_d_head(d_head);
  spec.set_d_mlp(d_model);
  return CompleteSpec(spec);
}

// Peaks in MiB that a worker was seen to reach: they are predicted, and at most twice over beside the library.
TEST(PredictAnalysis_Test, MemoryIsNearWhatWasSeen) {
  const auto predicted = [](const v1::TrainSpec& spec, const v1::AnalysisRequest& request, uint64_t count) {
    return static_cast<double>(PredictAnalysis(spec, request, Uniform(count), 0, AssumedSpeed(2)).memory_bytes() >> 20);
  };
  constexpr double kLibrary = kLibraryBytes >> 20;
  v1::AnalysisRequest evaluate, attention;
  evaluate.mutable_evaluate();
  attention.mutable_attention();
  const v1::TrainSpec many_heads = LargestOf(16, 1, 20);
  EXPECT_GE(predicted(many_heads, evaluate, 20), 550);
  EXPECT_LE(predicted(many_heads, evaluate, 20) - kLibrary, 2 * 550);
  // So many at once as 256 MiB of patterns hold, here 22, however many are asked.
  for (const v1::AnalysisRequest& request : {evaluate, attention}) {
    EXPECT_GE(predicted(many_heads, request, 512), predicted(many_heads, request, 20));
    EXPECT_LE(predicted(many_heads, request, 512) - kLibrary, 1.2 * (predicted(many_heads, request, 20) - kLibrary));
  }
  v1::TrainSpec paper;
  paper.set_n_layers(2);
  paper.set_n_heads(3);
  EXPECT_GE(predicted(CompleteSpec(paper), evaluate, 9000), 365);
  EXPECT_LE(predicted(CompleteSpec(paper), evaluate, 9000) - kLibrary, 2 * 365);
}

// Beside what the pass takes. By hand: 3 heads of 32, d_model 96, 13 rows of each layer.
TEST(PredictAnalysis_Test, MemoryHoldsWhatIsKeptOfAllQuestions) {
  v1::AnalysisRequest nothing;
  nothing.mutable_capture();
  const auto held = [&](const v1::AnalysisRequest& request, uint64_t count) {
    const auto memory = [&](const v1::AnalysisRequest& one) {
      return PredictAnalysis(TwoLayers(), one, Uniform(count), 0, AssumedSpeed(1)).memory_bytes();
    };
    return memory(request) - memory(nothing);
  };
  EXPECT_GT(PredictAnalysis(TwoLayers(), nothing, Uniform(1), 0, AssumedSpeed(1)).memory_bytes(),
            kLibraryBytes + 4 * 4 * CostOf(TwoLayers()).parameters);
  v1::AnalysisRequest pca, probe, capture;
  pca.mutable_pca();
  EXPECT_EQ(held(pca, 3000), 3000u * 2 * 3 * 13 * 32 * 8);
  pca.mutable_pca()->add_nodes("P14L0H1");
  EXPECT_EQ(held(pca, 3000), 3000u * 32 * 8);
  probe.mutable_linear_probe()->set_node("P14L0H1");
  EXPECT_EQ(held(probe, 5000), 5000u * 32 * 36);
  probe.mutable_linear_probe()->set_node("P14L0");
  EXPECT_EQ(held(probe, 5000), 5000u * 96 * 36);
  capture.mutable_capture()->add_hooks("hook_embed");
  EXPECT_EQ(held(capture, 1000), 1000u * 19 * 96 * 8);
  EXPECT_EQ(held(capture, 1'000'000), 256u << 20);
  capture.mutable_capture()->set_reduction(v1::COMPONENTS);
  EXPECT_EQ(held(capture, 1000), 3u * 1000 * 19 * 96 * 8 + 4u * 1000 * 1000 * 8);
}

// A map of 1.5 minutes was announced as 15 s: plain answers are several times faster than interventions.
TEST(PredictAnalysis_Test, GivenMeasuredRatesThenAnswersAndInterventionsHaveTheirOwn) {
  Speed speed;
  speed.rates.set_answering_flops_per_second(100e9);
  speed.rates.set_intervening_flops_per_second(20e9);
  const auto rate = [&](const v1::AnalysisRequest& request) {
    const v1::AnalysisPrediction prediction = PredictAnalysis(TwoLayers(), request, Uniform(1000), 0, speed);
    return prediction.flops() / prediction.seconds();
  };
  v1::AnalysisRequest evaluate, cascades, useful, attention;
  evaluate.mutable_evaluate();
  cascades.mutable_cascades()->set_per_cell(10);
  useful.mutable_useful_nodes();
  attention.mutable_attention();
  EXPECT_NEAR(rate(evaluate), 100e9, 1);
  EXPECT_NEAR(rate(cascades), 100e9, 1);
  EXPECT_NEAR(rate(useful), 20e9, 1);
  EXPECT_NEAR(rate(attention), 20e9, 1);
}

// Seconds that two threads were seen to take, at d_model 96 and 510: predicted within about twice.
TEST(PredictAnalysis_Test, SecondsAreNearWhatWasSeen) {
  v1::TrainSpec small = TwoLayers(), large = TwoLayers();
  small.set_operation(v1::MIX);
  large.set_d_model(510);
  large.set_d_head(170);
  large.set_d_mlp(2040);
  const auto near = [](const v1::TrainSpec& spec, const v1::AnalysisRequest& request, uint64_t count, double seen) {
    const double seconds = PredictAnalysis(spec, request, Uniform(count), 0, AssumedSpeed(2)).seconds();
    EXPECT_GT(seconds, seen / 2.2) << request.ShortDebugString();
    EXPECT_LT(seconds, seen * 2.2) << request.ShortDebugString();
  };
  v1::AnalysisRequest useful, subtasks, ablate, evaluate, cascades, attention;
  useful.mutable_useful_nodes()->set_mode(v1::MEAN);
  near(small, useful, 2000, 6.1);
  near(large, useful, 2000, 101.4);
  subtasks.mutable_subtasks()->set_mode(v1::MEAN);
  near(small, subtasks, 2000, 7.5);
  near(large, subtasks, 2000, 106.2);
  ablate.mutable_ablate()->set_mode(v1::MEAN);
  for (const char* set : {"L0H0", "L1MLP", "P14L0H1"}) ablate.mutable_ablate()->add_node_sets(set);
  near(small, ablate, 2000, 1.2);
  near(large, ablate, 2000, 20.3);
  evaluate.mutable_evaluate();
  near(small, evaluate, 9900, 3.3);
  near(large, evaluate, 1500, 12.4);
  cascades.mutable_cascades()->set_per_cell(1000);
  near(small, cascades, 9900, 12.8);
  cascades.mutable_cascades()->set_per_cell(50);
  near(large, cascades, 500, 43.9);
  attention.mutable_attention();
  near(small, attention, 2000, 0.56);
  near(large, attention, 2000, 8.3);
}

TEST(PredictAnalysis_Test, GeneratedAnswersTakeAPassEach) {
  v1::AnalysisRequest forced, generated, cascades;
  forced.mutable_evaluate();
  generated.mutable_evaluate()->set_generate(true);
  cascades.mutable_cascades()->set_per_cell(1000);
  const auto passes = [](const v1::AnalysisRequest& request, uint64_t count) {
    const v1::TrainSpec spec = TwoLayers();
    const ModelCost cost = CostOf(spec);
    return PredictAnalysis(spec, request, Uniform(count), 0, AssumedSpeed(1)).flops() /
           (2.0 * cost.parameters * cost.rows);
  };
  EXPECT_NEAR(passes(generated, 30'000) - passes(forced, 30'000), 20'000, 1e-3);
  // 15 cells and two classes of the verdict, and every question; forced are the questions and the held-out ones.
  const double answer = (passes(generated, 10'000) - 10'000) / 10'000;
  EXPECT_NEAR(passes(cascades, 10'000), 27'000 + 20'000 * answer, 1e-3);
}

}  // namespace
}  // namespace sumscope::rpc
