// The fast forward pass beside TransformerLens, the reference transformer and finite differences.
#include "server/engine/model/answer_forward.h"

#include "server/engine/data/generator.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/model/parity_case.h"

namespace sumscope::engine {
namespace {

class AnswerForwardParity_Test : public ::testing::TestWithParam<ParityParameter> {};

TEST_P(AnswerForwardParity_Test, GivenTheOraclesWeightsThenLogitsLossAndGradientsAgree) {
  const ParityCase oracle(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const Encoding encoding = oracle.encoding();
  const AnswerForward forward(oracle.config, BindWeights(oracle.config, oracle.weights),
                              AnswerForward::Pairs::All(encoding, torch::kCPU, oracle.dtype), torch::kCPU);
  const int64_t first = encoding.first_answer_row(), rows = encoding.n_answer();
  const torch::Tensor logits = forward.Forward(oracle.tokens(), forward.MakeTable(first, rows), first, rows);
  const torch::Tensor expected = oracle.oracle.At("logits").slice(1, first, first + rows);
  EXPECT_LE((logits - expected).abs().max().item<double>(), oracle.activation_tolerance());
  const torch::Tensor losses = oracle.Losses(logits);
  oracle.ExpectLosses(losses);
  oracle.ExpectGradients(torch::autograd::grad({losses.mean()}, oracle.parameters));
}

INSTANTIATE_TEST_SUITE_P(Files, AnswerForwardParity_Test, AllParityCases(), ParityName);

struct Shape {
  Operation op;
  Format format;
  int n;
  int64_t layers;
};

class AnswerForward_Test : public ::testing::TestWithParam<Shape> {
 protected:
  AnswerForward_Test() {
    torch::manual_seed(3);  // LibTorch seeds itself from the machine, and a step over a ReLU's kink is no gradient
    for (auto& [name, tensor] : weights_) {
      // Biases are 0 at first, which would hide mistakes.
      tensor.add_(torch::randn(tensor.sizes(), torch::kFloat64) * 0.1);
      parameters_.push_back(tensor.requires_grad_());
    }
    Questions questions;
    UniformSource(GetParam().op, GetParam().n, 9, 1)->Fill(0, 9, &questions);
    tokens_ = encoding_.Encode(questions);
  }

  torch::Tensor Loss(const torch::Tensor& logits) const {
    return AnswerLosses(logits, tokens_.slice(1, encoding_.n_question())).mean();
  }
  AnswerForward Fast(AnswerForward::Pairs pairs) const {
    return AnswerForward(config_, BindWeights(config_, weights_), std::move(pairs), torch::kCPU);
  }
  AnswerForward Fast() const {
    return Fast(AnswerForward::Pairs::OfLines(encoding_, GetParam().op, torch::kCPU, torch::kFloat64));
  }

  const Encoding encoding_{GetParam().n, GetParam().format};
  const ModelConfig config_ = {GetParam().layers, 3, 10, 4, 14, encoding_.n_ctx(), encoding_.d_vocab()};
  const int64_t first_ = encoding_.first_answer_row(), rows_ = encoding_.n_answer();
  NamedTensors weights_ = InitialWeights(config_, 8, torch::kFloat64);
  std::vector<torch::Tensor> parameters_;
  torch::Tensor tokens_;
};

TEST_P(AnswerForward_Test, GivenTrueLinesThenValueAndGradientAreTheReferences) {
  const Transformer reference(config_, weights_);
  const torch::Tensor expected = reference.Forward(tokens_).slice(1, first_, first_ + rows_);
  const AnswerForward fast = Fast();
  const torch::Tensor logits = fast.Forward(tokens_, fast.MakeTable(first_, rows_), first_, rows_);
  EXPECT_LE((logits - expected).abs().max().item<double>(), 1e-12);
  const auto gradients = torch::autograd::grad({Loss(logits)}, parameters_);
  const auto expected_gradients = torch::autograd::grad({Loss(expected)}, parameters_);
  for (size_t i = 0; i < gradients.size(); ++i) {
    EXPECT_LE((gradients[i] - expected_gradients[i]).abs().max().item<double>(), 1e-12) << weights_[i].first;
  }
}

TEST_P(AnswerForward_Test, GivenAnySingleRowOfTheTableThenItsLogitsAreTheReferences) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor expected = Transformer(config_, weights_).Forward(tokens_);
  const AnswerForward fast = Fast(AnswerForward::Pairs::All(encoding_, torch::kCPU, torch::kFloat64));
  const AnswerForward::Table table = fast.MakeTable(first_, rows_);
  for (int64_t row = first_; row < first_ + rows_; ++row) {
    const torch::Tensor logits = fast.Forward(tokens_, table, row, 1).squeeze(1);
    EXPECT_LE((logits - expected.select(1, row)).abs().max().item<double>(), 1e-12) << row;
  }
}

// Central differences of the loss for three entries of every parameter.
TEST_P(AnswerForward_Test, GivenSmallChangesOfAWeightThenTheLossFollowsItsGradient) {
  const AnswerForward fast = Fast();
  const auto loss = [&] { return Loss(fast.Forward(tokens_, fast.MakeTable(first_, rows_), first_, rows_)); };
  const auto gradients = torch::autograd::grad({loss()}, parameters_);
  const torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    double* values = parameters_[i].data_ptr<double>();
    const torch::Tensor gradient = gradients[i].flatten();
    for (const int64_t e : {int64_t{0}, parameters_[i].numel() / 2, parameters_[i].numel() - 1}) {
      const double old = values[e];
      values[e] = old + kStep;
      const double above = loss().item<double>();
      values[e] = old - kStep;
      const double below = loss().item<double>();
      values[e] = old;
      EXPECT_NEAR((above - below) / (2 * kStep), gradient[e].item<double>(), 1e-7) << weights_[i].first;
    }
  }
}

TEST_P(AnswerForward_Test, GivenATokenOutOfPlaceThenItIsRefused) {
  const AnswerForward fast = Fast();
  torch::Tensor tokens = tokens_.clone();
  tokens[0][0] = encoding_.TokenOf('=');
  EXPECT_THROW(fast.Forward(tokens, fast.MakeTable(first_, rows_), first_, rows_), Error);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AnswerForward_Test,
                         ::testing::Values(Shape{Operation::kAdd, Format::kPlain, 2, 1},
                                           Shape{Operation::kAdd, Format::kSigned, 3, 2},
                                           Shape{Operation::kSub, Format::kSigned, 3, 1},
                                           Shape{Operation::kSub, Format::kSigned, 2, 3}),
                         [](const auto& info) { return "shape" + std::to_string(info.index); });

}  // namespace
}  // namespace sumscope::engine
