// The reference transformer beside TransformerLens: tests/oracles/parity, tolerances of tests/oracles/README.md.
#include "server/engine/model/transformer.h"
#include "tests/server/engine/model/parity_case.h"

namespace sumscope::engine {
namespace {

class Parity_Test : public ::testing::TestWithParam<ParityParameter> {
 protected:
  const ParityCase case_{std::get<0>(GetParam()), std::get<1>(GetParam())};
  const Transformer model_{case_.config, case_.weights};
};

TEST_P(Parity_Test, GivenTheOraclesWeightsThenLogitsAndEveryActivationAgree) {
  Hooks hooks(case_.config);
  hooks.CaptureAll();
  const torch::Tensor logits = model_.Forward(case_.tokens(), &hooks);
  case_.ExpectNear(logits, "logits", case_.activation_tolerance());
  size_t activations = 0;
  for (const auto& [name, tensor] : case_.oracle.all()) activations += name.rfind("act.", 0) == 0;
  EXPECT_EQ(hooks.captured().size(), activations);
  for (const auto& [name, value] : hooks.captured()) {
    const bool scores = name.find("hook_attn_scores") != std::string::npos;  // masked entries are stored as 0
    case_.ExpectNear(scores ? value.tril() : value, "act." + name, case_.activation_tolerance());
  }
}

TEST_P(Parity_Test, GivenTheOraclesWeightsThenLossAndGradientsAgree) {
  const Encoding encoding = case_.encoding();
  const torch::Tensor logits =
      model_.Forward(case_.tokens()).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
  const torch::Tensor losses = case_.Losses(logits);
  case_.ExpectLosses(losses);
  case_.ExpectGradients(torch::autograd::grad({losses.mean()}, case_.parameters));
}

INSTANTIATE_TEST_SUITE_P(Files, Parity_Test, AllParityCases(), ParityName);

}  // namespace
}  // namespace sumscope::engine
