#include "server/engine/training/insertion.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <unordered_map>

#include "server/engine/device/device.h"
#include "server/engine/training/trainer.h"
#include "tests/server/engine/reason_of.h"

namespace sumscope::engine {
namespace {

TrainSpec TargetSpec(InsertMode mode) {
  TrainSpec spec;
  spec.operation = TrainOperation::kMix;
  spec.n_digits = 2;
  spec.n_layers = 2;
  spec.n_heads = 3;
  spec.d_model = 12;
  spec.d_head = 4;
  spec.d_mlp = 16;
  spec.batch_size = 8;
  spec.steps = 1000;
  spec.learning_rate = 1e-2;
  spec.insert_mode = mode;
  return spec;
}

// One layer, two heads; element e of parameter p is p + 1 + e / 1000.
SourceModel Source() {
  TrainSpec spec = TargetSpec(InsertMode::kNone);
  spec.n_layers = 1;
  spec.n_heads = 2;
  SourceModel source{ConfigOf(spec), {}, {{0, 1}}};
  double p = 0;
  for (const ParameterInfo& parameter : ParameterList(source.config)) {
    const torch::Tensor zeros = torch::zeros(parameter.shape);
    source.weights.emplace_back(
        parameter.name, (torch::arange(zeros.numel()) / 1000.0 + ++p).view(parameter.shape).to(torch::kFloat32));
  }
  return source;
}

using Named = std::unordered_map<std::string, torch::Tensor>;
Named ByName(const NamedTensors& weights) { return {weights.begin(), weights.end()}; }

bool IsOfHeads(const std::string& name) {
  for (const char* part : {"W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V"}) {
    if (name == std::string("blocks.0.attn.") + part) return true;
  }
  return false;
}

// The part of a target tensor that the source has.
torch::Tensor Shared(const Named& target, const std::string& name, int64_t heads = 2) {
  const torch::Tensor& tensor = target.at(name);
  return IsOfHeads(name) ? tensor.narrow(0, 0, heads) : tensor;
}

TEST(Insertion_Test, GivenAnyModeThenTheSourceIsCopiedAndTheRestIsFresh) {
  const SourceModel source = Source();
  for (const InsertMode mode :
       {InsertMode::kInit, InsertMode::kUsefulHeads, InsertMode::kAll, InsertMode::kAllAlways}) {
    const TrainSpec spec = TargetSpec(mode);
    const Named weights = ByName(Trainer::Create(spec, torch::kCPU, &source)->Weights());
    const Named fresh = ByName(InitialWeights(ConfigOf(spec), spec.seed));
    const Named inserted = ByName(source.weights);
    for (const auto& [name, tensor] : weights) {
      if (inserted.count(name) == 0) {
        EXPECT_TRUE(torch::equal(tensor, fresh.at(name))) << name;
        continue;
      }
      EXPECT_TRUE(torch::equal(Shared(weights, name), inserted.at(name))) << name;
      if (IsOfHeads(name)) {
        EXPECT_TRUE(torch::equal(tensor[2], fresh.at(name)[2])) << name;
      }
    }
  }
}

// The names that hold the source's values (in whole or in head 1) after `steps` steps.
std::set<std::string> Kept(InsertMode mode, int steps, bool head_one_only) {
  SetThreads(1);
  const SourceModel source = Source();
  const auto trainer = Trainer::Create(TargetSpec(mode), torch::kCPU, &source);
  for (int i = 0; i < steps; ++i) trainer->Step();
  const Named weights = ByName(trainer->Weights());
  std::set<std::string> kept;
  for (const auto& [name, tensor] : source.weights) {
    const bool by_head = head_one_only && IsOfHeads(name);
    if (by_head ? torch::equal(weights.at(name)[1], tensor[1]) : torch::equal(Shared(weights, name), tensor)) {
      kept.insert(name);
    }
  }
  return kept;
}

std::set<std::string> HeadNames() {
  std::set<std::string> names;
  for (const char* part : {"W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V"}) {
    names.insert(std::string("blocks.0.attn.") + part);
  }
  return names;
}

std::set<std::string> HeadAndMlpNames() {
  std::set<std::string> names = HeadNames();
  for (const char* part : {"W_in", "b_in", "W_out", "b_out"}) names.insert(std::string("blocks.0.mlp.") + part);
  return names;
}

const std::set<std::string> kNone;

TEST(Insertion_Test, GivenInitThenNothingIsWrittenBack) { EXPECT_EQ(Kept(InsertMode::kInit, 1, true), kNone); }

TEST(Insertion_Test, GivenUsefulHeadsThenOnlyTheyAreWrittenBackAfterSteps0And100) {
  EXPECT_EQ(Kept(InsertMode::kUsefulHeads, 1, true), HeadNames());
  EXPECT_EQ(Kept(InsertMode::kUsefulHeads, 1, false), kNone) << "head 0 is not useful";
  EXPECT_EQ(Kept(InsertMode::kUsefulHeads, 2, true), kNone);
  EXPECT_EQ(Kept(InsertMode::kUsefulHeads, 100, true), kNone);
  EXPECT_EQ(Kept(InsertMode::kUsefulHeads, 101, true), HeadNames());
}

TEST(Insertion_Test, GivenAllThenHeadsAndMlpsAreWrittenBackAfterSteps0And100) {
  EXPECT_EQ(Kept(InsertMode::kAll, 1, false), HeadAndMlpNames());
  EXPECT_EQ(Kept(InsertMode::kAll, 2, false), kNone);
  EXPECT_EQ(Kept(InsertMode::kAll, 101, false), HeadAndMlpNames());
}

TEST(Insertion_Test, GivenAllAlwaysThenTheyAreWrittenBackAfterEveryStep) {
  EXPECT_EQ(Kept(InsertMode::kAllAlways, 1, false), HeadAndMlpNames());
  EXPECT_EQ(Kept(InsertMode::kAllAlways, 3, false), HeadAndMlpNames());
}

TEST(Insertion_Test, GivenAWriteBackThenAdamsMomentsStay) {
  const SourceModel source = Source();
  const auto init = Trainer::Create(TargetSpec(InsertMode::kInit), torch::kCPU, &source);
  const auto always = Trainer::Create(TargetSpec(InsertMode::kAllAlways), torch::kCPU, &source);
  init->Step();
  always->Step();  // the first step of both is of the same weights and batch
  const Named a = ByName(init->Save().tensors), b = ByName(always->Save().tensors);
  for (const auto& [name, tensor] : a) {
    if (name.rfind("adam.", 0) == 0) {
      EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
    }
  }
}

TEST(Insertion_Test, GivenARestoreThenTheRestIsTheSameBytes) {
  const SourceModel source = Source();
  const auto whole = Trainer::Create(TargetSpec(InsertMode::kAllAlways), torch::kCPU, &source);
  whole->Step();
  const ResumeState state = whole->Save();
  const auto resumed = Trainer::Create(TargetSpec(InsertMode::kAllAlways), torch::kCPU, &source);
  resumed->Restore(state);
  whole->Step();
  resumed->Step();
  const NamedTensors a = whole->Weights(), b = resumed->Weights();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i].second, b[i].second)) << a[i].first;
}

std::string RefusalOf(const std::function<void(TrainSpec*)>& change, bool with_source = true) {
  const SourceModel source = Source();
  TrainSpec spec = TargetSpec(InsertMode::kInit);
  change(&spec);
  return ReasonOf([&] { Trainer::Create(spec, torch::kCPU, with_source ? &source : nullptr); });
}

TEST(Insertion_Test, GivenASourceThatDoesNotFitThenItIsRefused) {
  EXPECT_EQ(RefusalOf([](TrainSpec*) {}), "");
  EXPECT_EQ(RefusalOf([](TrainSpec*) {}, /*with_source=*/false), "INIT_FROM_MISSING");
  EXPECT_EQ(RefusalOf([](TrainSpec* spec) { spec->n_digits = 3; }), "INIT_FROM_MISMATCH");
  EXPECT_EQ(RefusalOf([](TrainSpec* spec) {
              spec->operation = TrainOperation::kAdd;
              spec->format = Format::kPlain;
            }),
            "INIT_FROM_MISMATCH");
  EXPECT_EQ(RefusalOf([](TrainSpec* spec) { spec->d_model = 16; }), "INIT_FROM_MISMATCH");
  EXPECT_EQ(RefusalOf([](TrainSpec* spec) { spec->d_head = 8; }), "INIT_FROM_MISMATCH");
  EXPECT_EQ(RefusalOf([](TrainSpec* spec) { spec->d_mlp = 24; }), "INIT_FROM_MISMATCH");
  EXPECT_EQ(RefusalOf([](TrainSpec* spec) { spec->n_heads = 1; }), "INIT_FROM_MISMATCH");
}

// Every kind of model name of the authors: each operation, with and without _gf, with and without ins1_ .. ins4_.
class ModelNames_Test : public ::testing::TestWithParam<std::tuple<TrainOperation, bool, InsertMode>> {};

TEST_P(ModelNames_Test, GivenATinyModelThenItTrains) {
  const SourceModel source = Source();
  TrainSpec spec = TargetSpec(std::get<2>(GetParam()));
  spec.operation = std::get<0>(GetParam());
  spec.grokfast = std::get<1>(GetParam());
  const auto trainer = Trainer::Create(spec, torch::kCPU, &source);
  for (int step = 0; step < 3; ++step) EXPECT_GT(trainer->Step().loss, 0);
  EXPECT_EQ(trainer->step(), 3u);
}

INSTANTIATE_TEST_SUITE_P(
    All, ModelNames_Test,
    ::testing::Combine(::testing::Values(TrainOperation::kAdd, TrainOperation::kSub, TrainOperation::kMul,
                                         TrainOperation::kMix, TrainOperation::kMas),
                       ::testing::Bool(),
                       ::testing::Values(InsertMode::kNone, InsertMode::kInit, InsertMode::kUsefulHeads,
                                         InsertMode::kAll, InsertMode::kAllAlways)));

}  // namespace
}  // namespace sumscope::engine
