// Several runs as one beside the reference transformer and its autograd.
#include "server/engine/training/batched/step.h"

#include <gtest/gtest.h>

#include <random>

#include "server/engine/data/training_batch.h"
#include "server/engine/runtime/error.h"
#include "server/engine/training/step/flat_parameters.h"
#include "tests/server/engine/training/batched/test_device.h"
#include "tests/server/engine/training/reference_gradients.h"

namespace sumscope::engine::batched {
namespace {

constexpr int kBatchedRuns = 3;
constexpr int kQuestions = 16;

class BatchedStep_Test : public OnDevice<::testing::TestWithParam<int>> {
 protected:
  BatchedStep_Test() {
    torch::manual_seed(GetParam());
    for (const auto& [name, tensor] : ViewsOfRuns(config_, flat_)) {
      // Biases are 0 at first, which would hide mistakes.
      const bool is_scale = name.size() > 2 && name.compare(name.size() - 2, 2, ".w") == 0;
      tensor.copy_(0.2 * torch::randn(tensor.sizes(), dtype_) + (is_scale ? 1 : 0));
    }
  }

  // Slots and answers of one batch per run, each of its own seed.
  std::pair<torch::Tensor, torch::Tensor> Inputs(const Slots& slots, uint64_t step) const {
    std::vector<torch::Tensor> of_slots, of_answers;
    for (int run = 0; run < kBatchedRuns; ++run) {
      of_slots.push_back(torch::empty({slots.positions(), kQuestions}, torch::kInt64));
      of_answers.push_back(torch::empty({encoding_.n_answer(), kQuestions}, torch::kInt64));
      slots.Encode(BatchOf(run, step), of_slots.back().data_ptr<int64_t>(), of_answers.back().data_ptr<int64_t>());
    }
    return {torch::stack(of_slots).to(kTestDevice), torch::stack(of_answers).to(kTestDevice)};
  }
  Questions BatchOf(int run, uint64_t step) const {
    TrainSpec spec = spec_;
    spec.seed += static_cast<uint64_t>(run);
    return TrainingBatch(spec, step);
  }
  NamedTensors OfRun(const torch::Tensor& flat, int run) const {
    NamedTensors views;
    for (const auto& [name, tensor] : ViewsOfRuns(config_, flat.cpu())) views.emplace_back(name, tensor[run]);
    return views;
  }
  Step Make(const torch::Tensor& weights, const torch::Tensor& gradients) const {
    return Step(config_, encoding_, OperationsOf(spec_.operation), kQuestions, weights, gradients);
  }

  std::mt19937 random_{static_cast<unsigned>(GetParam())};
  const bool is_double_ = GetParam() % 3 == 2;
  const TrainSpec spec_ = RandomSpec(&random_, is_double_, kQuestions);
  const torch::ScalarType dtype_ = is_double_ ? torch::kFloat64 : torch::kFloat32;
  const ModelConfig config_ = ConfigOf(spec_);
  const Encoding encoding_{spec_.n_digits, spec_.format};
  const torch::Tensor flat_ = torch::zeros({kBatchedRuns, step::FlatParameters(config_).size()}, dtype_);
};

TEST_P(BatchedStep_Test, GivenRunsOfARandomShapeThenLossesAndGradientsAreTheReferences) {
  const torch::Tensor weights = flat_.to(kTestDevice), gradients = torch::full_like(weights, 7);  // whatever was there
  Step step = Make(weights, gradients);
  int judged = 0;
  for (uint64_t batch = 0; judged < kBatchedRuns; ++batch) {
    ASSERT_LT(batch, 20u) << "no batch is clear of the kinks";
    const auto [slots, answers] = Inputs(step.slots(), batch);
    const torch::Tensor losses = step.Run(slots, answers).cpu();
    ASSERT_EQ(losses.sizes(), (torch::IntArrayRef{kBatchedRuns, kQuestions, encoding_.n_answer()}));
    for (int run = 0; run < kBatchedRuns; ++run) {
      const Reference reference =
          ReferenceOf(config_, encoding_, OfRun(flat_, run), encoding_.Encode(BatchOf(run, batch)));
      EXPECT_NEAR(losses[run].mean().item<double>(), reference.losses.mean().item<double>(), is_double_ ? 1e-12 : 1e-6);
      EXPECT_LE((losses[run] - reference.losses).abs().max().item<double>(), is_double_ ? 1e-11 : 2e-5);
      // Rounding puts a hidden unit so near to 0 on either side of the ReLU's kink, where the gradient jumps.
      if (!is_double_ && reference.nearest_kink < 2e-6) continue;
      ++judged;
      ExpectGradients(OfRun(gradients, run), reference, is_double_);
    }
  }
}

TEST_P(BatchedStep_Test, GivenARunAmongOthersThenItIsTheSameAlone) {
  const torch::Tensor weights = flat_.to(kTestDevice), gradients = torch::full_like(weights, 7);
  Step together = Make(weights, gradients);
  const auto [slots, answers] = Inputs(together.slots(), 0);
  const torch::Tensor losses = together.Run(slots, answers);
  for (int run = 0; run < kBatchedRuns; ++run) {
    const auto own = [&](const torch::Tensor& of_runs) { return of_runs.slice(0, run, run + 1); };
    const torch::Tensor own_weights = own(weights).clone(), own_gradients = torch::full_like(own_weights, 7);
    Step alone = Make(own_weights, own_gradients);
    ExpectSameRun(alone.Run(own(slots), own(answers)), own(losses), "losses");
    ExpectSameRun(own_gradients, own(gradients), "gradients");
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BatchedStep_Test, ::testing::Range(0, 12));

TEST(BatchedStepFailure_Test, GivenAQuestionOfAnotherOperationThenItIsRefused) {
  const Encoding encoding(2, Format::kSigned);
  const Slots slots(encoding, {Operation::kAdd});
  Question question;
  question.op = Operation::kSub;
  question.n = 2;
  std::vector<int64_t> at(static_cast<size_t>(slots.positions())), answers(static_cast<size_t>(encoding.n_answer()));
  EXPECT_THROW(slots.Encode({question}, at.data(), answers.data()), Error);
}

}  // namespace
}  // namespace sumscope::engine::batched
