// The step by hand beside the reference transformer and its autograd.
#include "server/engine/training/step/training_step.h"

#include <gtest/gtest.h>
#include <torch/optim/adamw.h>

#include <random>

#include "server/engine/data/training_batch.h"
#include "server/engine/device/device.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/error.h"
#include "server/engine/training/batched_trainer.h"
#include "server/engine/training/step/flat_parameters.h"
#include "server/engine/training/trainer.h"
#include "tests/server/engine/training/reference_gradients.h"

namespace sumscope::engine::step {
namespace {

constexpr int kBatch = 24;

class TrainingStep_Test : public ::testing::TestWithParam<int> {
 protected:
  // Every third in float64, every second of two threads.
  TrainingStep_Test() {
    SetThreads(1 + GetParam() % 2);
    torch::manual_seed(GetParam());
    const NamedTensors initial = InitialWeights(config_, spec_.seed, dtype_);
    for (size_t i = 0; i < weights_.size(); ++i) {
      // Biases are 0 at first, which would hide mistakes.
      weights_[i].second.copy_(initial[i].second + 0.1 * torch::randn(initial[i].second.sizes(), dtype_));
    }
  }

  std::mt19937 random_{static_cast<unsigned>(GetParam())};
  const bool is_double_ = GetParam() % 3 == 2;
  const TrainSpec spec_ = RandomSpec(&random_, is_double_, kBatch);
  const torch::ScalarType dtype_ = is_double_ ? torch::kFloat64 : torch::kFloat32;
  const ModelConfig config_ = ConfigOf(spec_);
  const Encoding encoding_{spec_.n_digits, spec_.format};
  const FlatParameters layout_{config_};
  const torch::Tensor flat_ = torch::zeros({layout_.size()}, dtype_);
  const torch::Tensor flat_gradients_ = torch::full({layout_.size()}, 7, dtype_);  // whatever was there before
  const NamedTensors weights_ = layout_.Views(flat_);
  const NamedTensors gradients_ = layout_.Views(flat_gradients_);
};

TEST_P(TrainingStep_Test, GivenARandomShapeThenLossAndGradientsAreTheReferences) {
  const auto by_hand =
      TrainingStep::Create(config_, encoding_, OperationsOf(spec_.operation), kBatch, flat_, flat_gradients_);
  int judged = 0;
  for (uint64_t batch = 0; judged < 2; ++batch) {  // the second finds the first one's numbers in every buffer
    const torch::Tensor tokens = encoding_.Encode(TrainingBatch(spec_, batch));
    std::vector<double> losses = by_hand->Forward(tokens.data_ptr<int64_t>());
    by_hand->Backward();
    const Reference reference = ReferenceOf(config_, encoding_, weights_, tokens);
    const torch::Tensor got = torch::from_blob(losses.data(), {kBatch, encoding_.n_answer()}, torch::kFloat64);
    EXPECT_NEAR(got.mean().item<double>(), reference.losses.mean().item<double>(), is_double_ ? 1e-12 : 1e-6);
    EXPECT_LE((got - reference.losses).abs().max().item<double>(), is_double_ ? 1e-11 : 2e-5);
    // Rounding puts a hidden unit so near to 0 on either side of the ReLU's kink, where the gradient jumps.
    ASSERT_LT(batch, 20u) << "no batch is clear of the kinks";
    if (!is_double_ && reference.nearest_kink < 2e-6) continue;
    ++judged;
    ExpectGradients(gradients_, reference, is_double_);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, TrainingStep_Test, ::testing::Range(0, 24));

TEST(TrainingStepFailure_Test, GivenATokenOutOfPlaceThenItIsRefused) {
  TrainSpec spec;
  spec.n_digits = 2;
  spec.d_model = spec.d_mlp = 16;
  spec.d_head = 8;
  const ModelConfig config = ConfigOf(spec);
  const Encoding encoding(spec.n_digits, spec.format);
  const torch::Tensor flat = torch::zeros({FlatParameters(config).size()});
  const auto by_hand = TrainingStep::Create(config, encoding, {Operation::kAdd}, 4, flat, torch::zeros_like(flat));
  torch::Tensor tokens = encoding.Encode(Questions(4, Question{Operation::kAdd, 2}));
  tokens[0][0] = encoding.TokenOf('=');
  EXPECT_THROW(by_hand->Forward(tokens.data_ptr<int64_t>()), Error);
}

TEST(FlatParameters_Test, GivenAModelThenViewsAreItsParametersAndShareNothing) {
  TrainSpec spec;
  spec.n_layers = 2;
  spec.d_model = 7;
  spec.d_head = 3;
  spec.d_mlp = 5;
  const ModelConfig config = ConfigOf(spec);
  const FlatParameters layout(config);
  const torch::Tensor flat = torch::zeros({layout.size()}, torch::kInt32);
  const NamedTensors views = layout.Views(flat);
  const std::vector<ParameterInfo> list = ParameterList(config);
  ASSERT_EQ(views.size(), list.size());
  int64_t count = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(views[i].first, list[i].name);
    EXPECT_EQ(views[i].second.sizes(), c10::IntArrayRef(list[i].shape));
    views[i].second.add_(1);
    count += views[i].second.numel();
  }
  EXPECT_EQ(flat.max().item<int>(), 1);
  EXPECT_EQ(flat.sum().item<int64_t>(), count);
}

// A thousand steps of both trainers beside the reference transformer and LibTorch's own optimiser.
TEST(TrainerBesideReference_Test, GivenAThousandStepsThenLossesStayTogether) {
  SetThreads(1);
  TrainSpec spec;
  spec.n_digits = 2;
  spec.n_heads = 2;
  spec.d_model = 24;
  spec.d_head = 10;
  spec.d_mlp = 48;
  spec.batch_size = 16;
  spec.steps = 1000;
  spec.learning_rate = 1e-3;
  const auto by_hand = Trainer::Create(spec, torch::kCPU), batched = CreateBatchedTrainer(spec, torch::kCPU, nullptr);
  const ModelConfig config = ConfigOf(spec);
  const Encoding encoding(spec.n_digits, spec.format);
  const NamedTensors weights = InitialWeights(config, spec.seed);
  std::vector<torch::Tensor> parameters;
  for (const auto& [name, tensor] : weights) parameters.push_back(tensor.requires_grad_());
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(1)
                                                .weight_decay(spec.weight_decay)
                                                .betas(std::make_tuple(spec.beta1, spec.beta2))
                                                .eps(spec.epsilon));
  const Transformer reference(config, weights);
  for (uint64_t step = 0; step < spec.steps; ++step) {
    const torch::Tensor tokens = encoding.Encode(TrainingBatch(spec, step));
    const torch::Tensor loss =
        AnswerLosses(reference.Forward(tokens).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1),
                     tokens.slice(1, encoding.n_question()))
            .mean();
    optimizer.zero_grad();
    loss.backward();
    static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups()[0].options())
        .lr(spec.learning_rate * ScheduleFactor(spec.schedule, step, spec.steps));
    optimizer.step();
    ASSERT_NEAR(by_hand->Step().loss, loss.item<double>(), 1e-3) << step;
    ASSERT_NEAR(batched->Step().loss, loss.item<double>(), 1e-3) << step;
  }
}

}  // namespace
}  // namespace sumscope::engine::step
