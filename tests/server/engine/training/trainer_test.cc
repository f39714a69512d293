#include "server/engine/training/trainer.h"

#include <gtest/gtest.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>

#include "server/engine/data/classes.h"
#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

TrainSpec SmallSpec() {
  TrainSpec spec;
  spec.n_digits = 3;
  spec.n_heads = 2;
  spec.d_model = 48;
  spec.d_head = 16;
  spec.d_mlp = 96;
  spec.steps = 60;
  spec.learning_rate = 1e-3;
  return spec;
}

bool SameBytes(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const torch::Tensor &x = a[i].second, &y = b[i].second;
    if (a[i].first != b[i].first || x.sizes() != y.sizes() || x.scalar_type() != y.scalar_type()) return false;
    if (std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) != 0) return false;
  }
  return true;
}

// Rows of the deterministic series; NaN (no cell of the kind) as text.
std::vector<std::vector<uint64_t>> Steps(Trainer* trainer, int steps) {
  std::vector<std::vector<uint64_t>> rows;
  for (int i = 0; i < steps; ++i) {
    const std::vector<double> row = trainer->Step().Row();
    rows.emplace_back(row.size());
    std::memcpy(rows.back().data(), row.data(), row.size() * sizeof(double));
  }
  return rows;
}

std::vector<TrainSpec> Variants() {
  std::vector<TrainSpec> specs(8, SmallSpec());
  specs[1].operation = TrainOperation::kSub;
  specs[1].n_layers = 2;
  specs[2].format = Format::kPlain;
  specs[2].schedule = ScheduleKind::kPaper1;
  specs[2].enrichment = Enrichment::kPaper1;
  specs[3].grokfast = true;
  specs[4].precision = Precision::kFloat64;
  specs[4].enrichment = Enrichment::kNone;
  specs[5].operation = TrainOperation::kMul;
  specs[6].operation = TrainOperation::kMix;
  specs[7].operation = TrainOperation::kMas;
  specs[7].grokfast = true;
  specs[7].precision = Precision::kFloat64;
  return specs;
}

class Trainer_Test : public ::testing::TestWithParam<TrainSpec> {
 protected:
  Trainer_Test() { SetThreads(2); }
  std::unique_ptr<Trainer> Fresh() const { return Trainer::Create(GetParam(), torch::kCPU); }
};

TEST_P(Trainer_Test, GivenTheSameSpecTwiceThenMetricsAndWeightsAreTheSameBytes) {
  const auto one = Fresh(), two = Fresh();
  EXPECT_EQ(Steps(one.get(), 25), Steps(two.get(), 25));
  EXPECT_TRUE(SameBytes(one->Weights(), two->Weights()));
}

TEST_P(Trainer_Test, GivenSaveAndRestoreThenTheRestIsTheSameBytes) {
  const auto undisturbed = Fresh();
  Steps(undisturbed.get(), 11);
  const ResumeState state = undisturbed->Save();
  EXPECT_EQ(state.step, 11u);
  const auto expected = Steps(undisturbed.get(), 20);
  const auto resumed = Fresh();
  Steps(resumed.get(), 3);  // whatever it did before
  resumed->Restore(state);
  EXPECT_EQ(resumed->step(), 11u);
  EXPECT_TRUE(SameBytes(resumed->Save().tensors, state.tensors));
  EXPECT_EQ(Steps(resumed.get(), 20), expected);
  EXPECT_TRUE(SameBytes(resumed->Save().tensors, undisturbed->Save().tensors));
}

TEST_P(Trainer_Test, WhenAdvancedByBlocksThenRowsAndWeightsAreThoseOfSingleSteps) {
  const auto single = Fresh(), blocks = Fresh();
  const auto expected = Steps(single.get(), 12);
  StepBlock block;
  std::vector<std::vector<uint64_t>> rows;
  for (const uint64_t count : {1, 0, 7, 4}) {
    blocks->Advance(count, &block);
    EXPECT_EQ(block.first_step, rows.size());
    EXPECT_EQ(block.count, count);
    const size_t columns = blocks->metric_columns().size();
    ASSERT_EQ(block.values.size(), count * columns);
    for (uint64_t i = 0; i < count; ++i) {
      rows.emplace_back(columns);
      std::memcpy(rows.back().data(), &block.values[i * columns], columns * sizeof(double));
    }
  }
  EXPECT_EQ(rows, expected);
  EXPECT_EQ(blocks->step(), 12u);
  EXPECT_TRUE(SameBytes(single->Weights(), blocks->Weights()));
}

TEST_P(Trainer_Test, GivenAStateOfStepZeroThenItRestoresAFreshRun) {
  const auto one = Fresh(), two = Fresh();
  const ResumeState state = one->Save();
  Steps(two.get(), 5);
  two->Restore(state);
  EXPECT_EQ(Steps(one.get(), 5), Steps(two.get(), 5));
}

// An independent loop: the reference transformer, torch::optim::AdamW, and GrokFast as science has it.
TEST_P(Trainer_Test, GivenTheReferenceAndTorchsAdamWThenLossesAndWeightsAgree) {
  const TrainSpec& spec = GetParam();
  const bool is_double = spec.precision == Precision::kFloat64;
  const ModelConfig config = ConfigOf(spec);
  const Encoding encoding(spec.n_digits, spec.format);
  const NamedTensors weights = InitialWeights(config, spec.seed, is_double ? torch::kFloat64 : torch::kFloat32);
  std::vector<torch::Tensor> parameters;
  for (const auto& [name, tensor] : weights) parameters.push_back(tensor.requires_grad_());
  torch::optim::AdamW optimizer(
      parameters, torch::optim::AdamWOptions(1).weight_decay(0.1).betas(std::make_tuple(0.9, 0.98)).eps(1e-8));
  const Transformer model(config, weights);
  const auto trainer = Fresh();
  std::vector<torch::Tensor> slow;
  for (uint64_t step = 0; step < 8; ++step) {
    const torch::Tensor tokens = encoding.Encode(TrainingBatch(spec, step));
    const torch::Tensor logits = model.Forward(tokens).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
    const torch::Tensor losses = AnswerLosses(logits, tokens.slice(1, encoding.n_question()));
    optimizer.zero_grad();
    losses.mean().backward();
    if (spec.grokfast) {
      for (size_t i = 0; i < parameters.size(); ++i) {
        torch::Tensor& gradient = parameters[i].mutable_grad();
        if (step == 0) slow.push_back(gradient.clone());
        if (step > 0) slow[i] = 0.98 * slow[i] + 0.02 * gradient;
        gradient = gradient + 2 * slow[i];
      }
    }
    static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups()[0].options())
        .lr(spec.learning_rate * ScheduleFactor(spec.schedule, step, spec.steps));
    optimizer.step();
    const StepMetrics metrics = trainer->Step();
    EXPECT_NEAR(metrics.loss, losses.mean().item<double>(), is_double ? 1e-12 : 2e-6);
    for (size_t j = 0; j < metrics.digit_loss.size(); ++j) {
      EXPECT_NEAR(metrics.digit_loss[j], losses.mean(0)[static_cast<int64_t>(j)].item<double>(),
                  is_double ? 1e-12 : 2e-5);
    }
  }
  const NamedTensors trained = trainer->Weights();
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!is_double && weights[i].first.find("b_K") != std::string::npos) continue;  // moved by rounding noise alone
    // In float32 Adam's first steps may follow the rounding of a gradient near zero: few entries, at most their steps.
    const torch::Tensor difference = (trained[i].second - weights[i].second.detach()).abs();
    EXPECT_LE(difference.mean().item<double>(), is_double ? 1e-10 : 2e-6) << weights[i].first;
  }
}

TEST_P(Trainer_Test, GivenAStepThenItsCellsAreThoseOfItsBatch) {
  const auto trainer = Fresh();
  const StepMetrics metrics = trainer->Step();
  std::map<std::string, uint32_t> counts;
  bool products = false;
  for (const Question& question : TrainingBatch(GetParam(), 0)) {
    products = products || question.op == Operation::kMul;
    if (question.op == Operation::kMul) continue;
    const Columns columns = ColumnsOf(question);
    for (int i = 0; i < question.n; ++i) ++counts[CellNames(question.op)[columns.cell[i]]];
  }
  const std::vector<std::string> columns = trainer->metric_columns();
  const std::vector<double> row = metrics.Row();
  ASSERT_EQ(row.size(), columns.size());
  double from_cells = 0, from_digits = 0;
  const size_t first = 1 + metrics.digit_loss.size(), cells = metrics.cell_count.size();
  for (size_t c = 0; c < cells; ++c) {
    ASSERT_EQ(columns[first + c].rfind("cell_count.", 0), 0u);
    const std::string cell = columns[first + c].substr(11);
    EXPECT_EQ(columns[first + cells + c], "cell_loss." + cell);
    EXPECT_EQ(row[first + c], counts[cell]) << cell;
    EXPECT_EQ(std::isnan(row[first + cells + c]), counts[cell] == 0) << cell;
    if (counts[cell] > 0) from_cells += counts[cell] * metrics.cell_loss[c];
    counts.erase(cell);
  }
  EXPECT_TRUE(counts.empty()) << "a cell without a column";
  for (size_t j = metrics.digit_loss.size() - 3; j < metrics.digit_loss.size(); ++j) {
    from_digits += 64 * metrics.digit_loss[j];
  }
  if (!products) {
    EXPECT_NEAR(from_cells, from_digits, 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(Specs, Trainer_Test, ::testing::ValuesIn(Variants()),
                         [](const auto& info) { return "spec" + std::to_string(info.index); });

TEST(TrainerSeries_Test, GivenASubtractionThenColumnsAreNamedByItsDigitsAndCells) {
  TrainSpec spec = SmallSpec();
  spec.operation = TrainOperation::kSub;
  EXPECT_EQ(Trainer::Create(spec, torch::kCPU)->metric_columns(),
            (std::vector<std::string>{"loss", "digit_loss.SGN", "digit_loss.A3", "digit_loss.A2", "digit_loss.A1",
                                      "digit_loss.A0", "cell_count.MD", "cell_count.UB1", "cell_count.UM0",
                                      "cell_loss.MD", "cell_loss.UB1", "cell_loss.UM0"}));
}

TEST(TrainerSeries_Test, GivenMixedRunsThenAllSixCellsAndProductsNone) {
  const auto cells = [](TrainOperation operation) {
    TrainSpec spec = SmallSpec();
    spec.operation = operation;
    std::vector<std::string> found;
    for (const std::string& column : Trainer::Create(spec, torch::kCPU)->metric_columns()) {
      if (column.rfind("cell_count.", 0) == 0) found.push_back(column.substr(11));
    }
    return found;
  };
  const std::vector<std::string> six = {"BA", "UC1", "US9", "MD", "UB1", "UM0"};
  EXPECT_EQ(cells(TrainOperation::kMix), six);
  EXPECT_EQ(cells(TrainOperation::kMas), six);
  EXPECT_TRUE(cells(TrainOperation::kMul).empty());
}

TEST(TrainerSeries_Test, GivenAThousandStepsThenASmallModelLearns) {
  SetThreads(2);
  TrainSpec spec = SmallSpec();
  spec.n_digits = 2;
  spec.steps = 1000;
  spec.learning_rate = 3e-3;
  const auto trainer = Trainer::Create(spec, torch::kCPU);
  const double first = trainer->Step().loss;
  double last = 0;
  for (int i = 1; i < 1000; ++i) last = i < 950 ? (trainer->Step(), 0) : last + trainer->Step().loss / 50;
  EXPECT_GT(first, 2);
  EXPECT_LT(last, 0.6);
}

TEST(TrainerFailure_Test, GivenARateThatDivergesThenTheErrorNamesTheStepAndWeightsStay) {
  TrainSpec spec = SmallSpec();
  spec.schedule = ScheduleKind::kPaper1;
  spec.learning_rate = spec.weight_decay = 10;  // each step multiplies the weights by -99
  const auto trainer = Trainer::Create(spec, torch::kCPU);
  NamedTensors before;
  try {
    for (int i = 0; i < 59; ++i) {
      before = trainer->Weights();
      trainer->Step();
    }
    FAIL() << "it never diverged";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, ErrorKind::kNonFinite);
    EXPECT_EQ(error.reason, "NON_FINITE_LOSS");
    EXPECT_NE(std::string(error.what()).find("step " + std::to_string(trainer->step())), std::string::npos);
    EXPECT_TRUE(SameBytes(trainer->Weights(), before));
  }
}

TEST(TrainerFailure_Test, WhenAStepWithinABlockThrowsThenTheBlockHoldsTheRowsBeforeIt) {
  TrainSpec spec = SmallSpec();
  spec.schedule = ScheduleKind::kPaper1;
  spec.learning_rate = spec.weight_decay = 10;
  const auto trainer = Trainer::Create(spec, torch::kCPU);
  trainer->Step();
  StepBlock block;
  EXPECT_THROW(trainer->Advance(59, &block), Error);
  EXPECT_EQ(block.first_step, 1u);
  EXPECT_EQ(block.first_step + block.count, trainer->step());
  EXPECT_EQ(block.values.size(), block.count * trainer->metric_columns().size());
}

TEST(TrainerFailure_Test, GivenADamagedResumeStateThenItIsRefusedAndNothingChanges) {
  const auto trainer = Trainer::Create(SmallSpec(), torch::kCPU);
  trainer->Step();
  const ResumeState good = trainer->Save();
  const auto expect_refused = [&](const std::function<void(ResumeState*)>& damage) {
    ResumeState bad = good;
    damage(&bad);
    try {
      trainer->Restore(bad);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
      EXPECT_EQ(error.reason, "BAD_RESUME_STATE");
    }
    EXPECT_TRUE(SameBytes(trainer->Save().tensors, good.tensors));
  };
  expect_refused([](ResumeState* state) { state->tensors.pop_back(); });
  expect_refused([](ResumeState* state) { state->tensors[3].first = "adam.x"; });
  expect_refused([](ResumeState* state) { state->tensors[3].second = torch::zeros({1}); });
  expect_refused([](ResumeState* state) { state->tensors[3].second = state->tensors[3].second.to(torch::kFloat64); });
  expect_refused([](ResumeState* state) { state->tensors.emplace_back("more", torch::zeros({1})); });
  expect_refused([](ResumeState* state) { state->step = 61; });
}

// A device that is not there never means the CPU.
TEST(TrainerFailure_Test, GivenADeviceThatIsNotThereThenThereIsNoTrainer) {
  try {
    Trainer::Create(SmallSpec(), torch::Device(torch::kCUDA, 99));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, ErrorKind::kInvalidArgument);
    EXPECT_EQ(error.reason, "DEVICE_UNAVAILABLE");
  }
}

TEST(TrainerFailure_Test, GivenABadSpecThenThereIsNoTrainer) {
  TrainSpec spec = SmallSpec();
  spec.operation = TrainOperation::kMas;
  spec.format = Format::kPlain;
  EXPECT_THROW(Trainer::Create(spec, torch::kCPU), Error);
}

}  // namespace
}  // namespace sumscope::engine
