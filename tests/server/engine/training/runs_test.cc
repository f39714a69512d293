#include "server/engine/training/runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "server/engine/runtime/error.h"
#include "server/engine/training/batched_trainer.h"
#include "server/engine/training/trainer.h"
#include "tests/server/engine/training/batched/test_device.h"

namespace sumscope::engine::batched {
namespace {

TrainSpec TinySpec(uint64_t seed) {
  TrainSpec spec;
  spec.n_digits = 3;
  spec.n_heads = 2;
  spec.d_model = 32;
  spec.d_head = 12;
  spec.d_mlp = 64;
  spec.batch_size = 16;
  spec.steps = 200;
  spec.learning_rate = 1e-3;
  spec.seed = seed;
  return spec;
}

std::vector<TrainSpec> Seeds(int count) {
  std::vector<TrainSpec> specs;
  for (int i = 0; i < count; ++i) specs.push_back(TinySpec(static_cast<uint64_t>(100 + i)));
  return specs;
}

std::unique_ptr<Runs> MakeRuns(const std::vector<TrainSpec>& specs) {
  return std::make_unique<Runs>(specs, std::vector<const SourceModel*>(specs.size()), kTestDevice);
}

using Metrics = std::vector<std::vector<StepMetrics>>;

void ExpectSameBytes(const std::vector<StepMetrics>& one, const std::vector<StepMetrics>& other) {
  ASSERT_EQ(one.size(), other.size());
  for (size_t i = 0; i < one.size(); ++i) {
    const std::vector<double> a = one[i].Row(), b = other[i].Row();
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)), 0) << "step " << i;
  }
}

void ExpectSameBytes(const NamedTensors& one, const NamedTensors& other) {
  ASSERT_EQ(one.size(), other.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].first, other[i].first);
    EXPECT_TRUE(one[i].second.equal(other[i].second)) << one[i].first;
  }
}

using Runs_Test = OnDevice<::testing::Test>;

TEST_F(Runs_Test, GivenGroupsOfOneThreeAndEightThenEachRunIsTheSameAlone) {
  Metrics alone, together;
  for (const int count : {1, 3, 8}) {
    const std::vector<TrainSpec> specs = Seeds(count);
    const auto group = MakeRuns(specs);
    group->Advance(6, &together);
    for (size_t run = 0; run < specs.size(); ++run) {
      const auto own = MakeRuns({specs[run]});
      own->Advance(6, &alone);
      if (kTestDevice.is_cpu()) ExpectSameBytes(alone[0], together[run]);
      ASSERT_EQ(together[run].size(), 6u);
      EXPECT_NEAR(alone[0].back().loss, together[run].back().loss, 1e-4);
      const NamedTensors one = own->Weights(0), other = group->Weights(run);
      for (size_t i = 0; i < one.size(); ++i) ExpectSameRun(one[i].second, other[i].second, one[i].first);
    }
  }
}

TEST_F(Runs_Test, WhenOneIsTakenOutAndTheOthersGoOnElsewhereThenTheyEndWithTheSameBytes) {
  const std::vector<TrainSpec> specs = Seeds(3);
  Metrics whole, part;
  const auto undisturbed = MakeRuns({specs[0], specs[2]});
  undisturbed->Advance(90, &whole);  // longer than a block
  const auto killed = MakeRuns({specs[0], specs[2]});
  killed->Advance(17, &part);
  const std::vector<ResumeState> states = {killed->Save(0), killed->Save(1)};
  const auto resumed = MakeRuns({specs[0], specs[2]});
  resumed->Advance(3, &part);  // whatever it did before
  resumed->Restore(states);
  EXPECT_EQ(resumed->step(1), 17u);
  for (const uint64_t steps : {1, 60, 12}) {
    resumed->Advance(steps, &part);
    const uint64_t end = resumed->step(0);
    for (size_t run = 0; run < 2; ++run) {
      ExpectSameBytes(part[run], {whole[run].begin() + static_cast<int64_t>(end - steps),
                                  whole[run].begin() + static_cast<int64_t>(end)});
    }
  }
  for (size_t run = 0; run < 2; ++run) {
    ExpectSameBytes(resumed->Save(run).tensors, undisturbed->Save(run).tensors);
  }
  if (!kTestDevice.is_cpu()) return;
  // Of a group of three whose second was cancelled at step 17.
  const auto group = MakeRuns(specs);
  group->Advance(17, &part);
  const auto rest = MakeRuns({specs[0], specs[2]});
  rest->Restore({group->Save(0), group->Save(2)});
  rest->Advance(73, &part);
  for (size_t run = 0; run < 2; ++run) ExpectSameBytes(rest->Save(run).tensors, undisturbed->Save(run).tensors);
}

TEST_F(Runs_Test, WhenALossIsNotFiniteThenItsRunStaysAsItWasAndTheOthersGoOn) {
  std::vector<TrainSpec> specs = Seeds(2);
  for (const bool grokfast : {false, true}) {
    specs[0].grokfast = specs[1].grokfast = grokfast;
    const auto runs = MakeRuns(specs), healthy = MakeRuns(specs);
    Metrics metrics, expected;
    runs->Advance(4, &metrics);
    healthy->Advance(4, &expected);
    std::vector<ResumeState> states = {runs->Save(0), runs->Save(1)};
    states[1].tensors.back().second[0] = std::numeric_limits<float>::infinity();  // of a moment: bad weights in a step
    for (auto& [name, tensor] : states[1].tensors) {
      if (name == "adam.m.unembed.b_U") tensor[3] = std::numeric_limits<float>::quiet_NaN();
    }
    runs->Restore(states);
    runs->Advance(5, &metrics);
    healthy->Advance(5, &expected);
    ExpectSameBytes(metrics[0], expected[0]);
    ExpectSameBytes(runs->Weights(0), healthy->Weights(0));
    EXPECT_EQ(runs->step(0), 9u);
    ASSERT_TRUE(runs->failed_at(1).has_value());
    EXPECT_EQ(*runs->failed_at(1), 5u);
    EXPECT_EQ(metrics[1].size(), 1u);
    const NamedTensors kept = runs->Save(1).tensors;
    runs->Advance(1, &metrics);
    EXPECT_TRUE(metrics[1].empty());
    const NamedTensors later = runs->Save(1).tensors;
    for (size_t i = 0; i < kept.size(); ++i) {
      EXPECT_TRUE(torch::allclose(kept[i].second, later[i].second, 0, 0, /*equal_nan=*/true)) << kept[i].first;
    }
  }
}

TEST_F(Runs_Test, GivenRunsOfTwoShapesThenTheyAreRefused) {
  std::vector<TrainSpec> specs = Seeds(2);
  specs[1].d_mlp = 48;
  try {
    MakeRuns(specs);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason, "RUNS_DIFFER");
  }
  specs[1].d_mlp = 64;
  specs[1].learning_rate = 1e-2;
  specs[1].enrichment = Enrichment::kNone;
  EXPECT_EQ(MakeRuns(specs)->count(), 2u);
}

std::vector<TrainSpec> KindsOfSpecs() {
  std::vector<TrainSpec> specs(6, TinySpec(7));
  specs[1].operation = TrainOperation::kSub;
  specs[1].n_layers = 2;
  specs[2].format = Format::kPlain;
  specs[2].schedule = ScheduleKind::kPaper1;
  specs[3].operation = TrainOperation::kMas;
  specs[3].grokfast = true;
  specs[4].operation = TrainOperation::kMix;
  specs[4].n_layers = 3;
  specs[5].precision = Precision::kFloat64;
  specs[5].grokfast = true;
  return specs;
}

class BatchedTrainer_Test : public OnDevice<::testing::TestWithParam<TrainSpec>> {};

// The CPU's trainer, which is itself held to the reference and to LibTorch's optimiser.
TEST_P(BatchedTrainer_Test, BesideTheTrainerByHandThenMetricsAndWeightsAgree) {
  const auto by_hand = Trainer::Create(GetParam(), torch::kCPU);
  const auto batched = CreateBatchedTrainer(GetParam(), kTestDevice, nullptr);
  ASSERT_EQ(batched->metric_columns(), by_hand->metric_columns());
  const bool is_double = GetParam().precision == Precision::kFloat64;
  for (int i = 0; i < 10; ++i) {
    const std::vector<double> one = by_hand->Step().Row(), other = batched->Step().Row();
    ASSERT_EQ(one.size(), other.size());
    for (size_t c = 0; c < one.size(); ++c) {
      if (std::isnan(one[c]) && std::isnan(other[c])) continue;
      EXPECT_NEAR(one[c], other[c], is_double ? 1e-8 : 5e-5) << by_hand->metric_columns()[c] << " of step " << i;
    }
  }
  const NamedTensors one = by_hand->Weights(), other = batched->Weights();
  for (size_t i = 0; i < one.size(); ++i) {
    if (!is_double && one[i].first.find("b_K") != std::string::npos) continue;  // moved by rounding noise alone
    // Learning rates are rounded to float32.
    EXPECT_LE((one[i].second - other[i].second).abs().mean().item<double>(), is_double ? 1e-9 : 5e-6) << one[i].first;
  }
}

TEST_P(BatchedTrainer_Test, GivenSaveAndRestoreAndBlocksThenTheRestIsTheSameBytes) {
  const auto undisturbed = CreateBatchedTrainer(GetParam(), kTestDevice, nullptr);
  StepBlock whole, block;
  undisturbed->Advance(20, &whole);
  const auto killed = CreateBatchedTrainer(GetParam(), kTestDevice, nullptr);
  for (int i = 0; i < 7; ++i) killed->Step();
  const auto resumed = CreateBatchedTrainer(GetParam(), kTestDevice, nullptr);
  resumed->Restore(killed->Save());
  resumed->Advance(13, &block);
  EXPECT_EQ(block.first_step, 7u);
  EXPECT_EQ(block.count, 13u);
  const size_t columns = resumed->metric_columns().size();
  ASSERT_EQ(block.values.size(), 13 * columns);
  EXPECT_EQ(std::memcmp(block.values.data(), &whole.values[7 * columns], block.values.size() * sizeof(double)), 0);
  ExpectSameBytes(resumed->Save().tensors, undisturbed->Save().tensors);
}

INSTANTIATE_TEST_SUITE_P(Specs, BatchedTrainer_Test, ::testing::ValuesIn(KindsOfSpecs()),
                         [](const auto& info) { return "spec" + std::to_string(info.index); });

using BatchedTrainerFailure_Test = OnDevice<::testing::Test>;

TEST_F(BatchedTrainerFailure_Test, GivenARateThatDivergesThenTheErrorNamesTheStepAndTheBlockHoldsTheRowsBefore) {
  TrainSpec spec = TinySpec(7);
  spec.schedule = ScheduleKind::kPaper1;
  spec.learning_rate = spec.weight_decay = 10;  // each step multiplies the weights by -99
  const auto trainer = CreateBatchedTrainer(spec, kTestDevice, nullptr);
  StepBlock block;
  for (int i = 0; i < 2; ++i) {  // asked again, it says the same
    const uint64_t first = trainer->step();
    try {
      trainer->Advance(60, &block);
      FAIL() << "it never diverged";
    } catch (const Error& error) {
      EXPECT_EQ(error.reason, "NON_FINITE_LOSS");
      EXPECT_NE(std::string(error.what()).find("step " + std::to_string(trainer->step())), std::string::npos);
    }
    EXPECT_EQ(block.first_step, first);
    EXPECT_EQ(block.first_step + block.count, trainer->step());
    for (const auto& [name, tensor] : trainer->Weights()) EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
  }
}

TEST_F(BatchedTrainerFailure_Test, GivenAnInsertModeThenWhatItKeepsIsWrittenBackAtItsSteps) {
  TrainSpec source_spec = TinySpec(1), spec = TinySpec(2);
  source_spec.n_heads = 1;
  const auto source_trainer = Trainer::Create(source_spec, torch::kCPU);
  const SourceModel source{ConfigOf(source_spec), source_trainer->Weights(), {}};
  spec.insert_mode = InsertMode::kAllAlways;
  const auto trainer = CreateBatchedTrainer(spec, kTestDevice, &source);
  StepBlock block;
  trainer->Advance(5, &block);
  EXPECT_EQ(block.count, 5u);
  const NamedTensors weights = trainer->Weights();
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto& [name, tensor] = weights[i];
    if (name == "blocks.0.mlp.W_in") {
      EXPECT_TRUE(tensor.equal(source.weights[i].second));
    }
    if (name == "blocks.0.attn.W_Q") {
      EXPECT_TRUE(tensor[0].equal(source.weights[i].second[0]));
    }
    if (name == "unembed.W_U") {
      EXPECT_FALSE(tensor.equal(source.weights[i].second));
    }
  }
}

}  // namespace
}  // namespace sumscope::engine::batched
