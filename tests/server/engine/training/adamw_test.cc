#include "server/engine/training/adamw.h"

#include "server/engine/model/answer_forward.h"
#include "tests/server/engine/model/parity_case.h"

namespace sumscope::engine {
namespace {

// tests/oracles/parity, `losses` and `after3.*`: three steps of the training path on the oracle's batch; tolerances of
// tests/oracles/README.md, b_K in float64 only.
class AdamWParity_Test : public ::testing::TestWithParam<ParityParameter> {};

TEST_P(AdamWParity_Test, GivenThreeStepsThenLossesAndWeightsAgree) {
  const ParityCase oracle(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const Encoding encoding = oracle.encoding();
  const AnswerForward forward(oracle.config, BindWeights(oracle.config, oracle.weights),
                              AnswerForward::Pairs::All(encoding, torch::kCPU, oracle.dtype), torch::kCPU);
  AdamW optimizer(TrainSpec(), oracle.parameters);
  const int64_t first = encoding.first_answer_row(), rows = encoding.n_answer();
  for (uint64_t step = 0; step <= 3; ++step) {
    const torch::Tensor loss =
        oracle.Losses(forward.Forward(oracle.tokens(), forward.MakeTable(first, rows), first, rows)).mean();
    EXPECT_NEAR(loss.item<double>(), oracle.oracle.At("losses")[static_cast<int64_t>(step)].item<double>(),
                oracle.loss_tolerance());
    if (step < 3) optimizer.Update(torch::autograd::grad({loss}, oracle.parameters), 8e-5, step + 1);
  }
  for (const auto& [name, tensor] : oracle.weights) {
    if (!oracle.is_double() && name.find("b_K") != std::string::npos) continue;
    oracle.ExpectNear(tensor.detach(), "after3." + name, oracle.tolerance());
  }
}

INSTANTIATE_TEST_SUITE_P(Files, AdamWParity_Test, AllParityCases(), ParityName);

}  // namespace
}  // namespace sumscope::engine
