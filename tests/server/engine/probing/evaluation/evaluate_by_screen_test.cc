// Evaluate by a screen in bfloat16 beside Evaluate by the forward pass alone.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "server/engine/data/sources.h"
#include "server/engine/model/screening/screen.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/evaluation/evaluate.h"
#include "tests/server/engine/probing/evaluation/same_results.h"
#include "tests/server/engine/probing/evaluation/small_models.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine {
namespace {

constexpr uint64_t kQuestions = 1200, kSample = 200;

// One that makes no mistakes, and one that still makes many.
Model TrainedModel(const std::string& name = "mix_d5_l2_h3_small") {
  const ModelConfig config = {2, 3, 96, 32, 384, 19, 15};
  const testing::OracleTensors file(name + "/model.safetensors");
  return {config, 5, Format::kSigned, file.Weights(config, torch::kFloat32), torch::kCPU};
}

EvaluateResult ByScreen(const Model& model, uint64_t count, EvaluateRequest request = {}) {
  request.loss_sample = kSample;
  return Evaluate(model, *UniformSource(Operation::kAdd, model.n_digits, count, 5), request, nullptr,
                  AnswerBy::kScreen);
}

TEST(EvaluateByScreen_Test, GivenATrainedModelThenAnswersAreTheForwardPassesAndMostOfThemScreened) {
  const Model model = TrainedModel();
  const EvaluateResult screened = ByScreen(model, kQuestions);
  const EvaluateResult expected = ByForward(model, *UniformSource(Operation::kAdd, 5, kQuestions, 5));
  ExpectSame(screened, expected, /*losses=*/false);
  EXPECT_EQ(screened.exact.loss_count, kSample);
  EXPECT_GE(screened.screen_bound, Screen::kLeastBound);
  EXPECT_LT(screened.screen_difference, screened.screen_bound / 2);
  EXPECT_LT(screened.rechecked, (kQuestions - kSample) / 2);
  EXPECT_EQ(expected.rechecked, 0u);
  EXPECT_EQ(expected.screen_bound, 0);
}

TEST(EvaluateByScreen_Test, GivenAModelThatErrsThenWhatLooksWrongIsReadByTheForwardPass) {
  const Model model = TrainedModel("mix_d5_l2_h3_early");
  const EvaluateResult screened = ByScreen(model, kQuestions);
  const EvaluateResult expected = ByForward(model, *UniformSource(Operation::kAdd, 5, kQuestions, 5));
  ExpectSame(screened, expected, /*losses=*/false);
  ASSERT_GT(screened.screen_bound, 0);
  EXPECT_GT(screened.rechecked, 0u);
  EXPECT_GT(screened.screen_difference, 0);
  ASSERT_EQ(screened.worst.size(), expected.worst.size());
  for (size_t i = 0; i < screened.worst.size(); ++i) {
    EXPECT_EQ(QuestionText(screened.worst[i].question), QuestionText(expected.worst[i].question));
    EXPECT_EQ(screened.worst[i].predicted, expected.worst[i].predicted);
  }
}

TEST(EvaluateByScreen_Test, GivenAModelThatIsMostlyWrongThenItIsNotScreened) {
  const Model model = SmallModel(2, Format::kSigned);
  const EvaluateResult result = ByScreen(model, kQuestions);
  EXPECT_EQ(result.screen_bound, 0);
  EXPECT_EQ(result.exact.loss_count, kQuestions);
}

TEST(EvaluateByScreen_Test, GivenFewQuestionsOrAllLossesThenItIsNotScreened) {
  const Model model = TrainedModel();
  EXPECT_EQ(ByScreen(model, kSample).screen_bound, 0);
  EvaluateRequest in_full;
  in_full.loss_in_full = true;
  const Model small = SmallModel(2, Format::kSigned);
  EXPECT_EQ(ByScreen(small, kQuestions, in_full).exact.loss_count, kQuestions);
}

// By tiles and by the forward pass in bfloat16, whichever this machine would choose.
TEST(Screen_Test, GivenATrainedModelThenBothWaysAreCloseToTheForwardPass) {
  const torch::NoGradGuard no_grad;
  const Model model = TrainedModel();
  const Answerer answerer(model);
  Questions questions;
  UniformSource(Operation::kAdd, 5, 100, 3)->Fill(0, 100, &questions);
  const torch::Tensor tokens = answerer.encoding().Encode(questions);
  const torch::Tensor exact = answerer.Logits(tokens, 0, answerer.encoding().n_answer());
  for (const bool by_tiles : {false, true}) {
    const Screen screen(model.config, CheckedWeights(model.config, model.weights, torch::kCPU, torch::kFloat32),
                        answerer.encoding(), torch::kCPU, by_tiles);
    EXPECT_LT(LargestDifference(screen.Logits(tokens), exact), Screen::kLeastBound);
  }
}

TEST(Screen_Test, GivenDifferencesThenTheBoundIsFourTimesTheLargestAndNoNumberLeavesNone) {
  const Model model = SmallModel(2, Format::kSigned);
  Screen screen(model.config, CheckedWeights(model.config, model.weights, torch::kCPU, torch::kFloat32),
                Encoding(2, Format::kSigned), torch::kCPU);
  const torch::Tensor exact = torch::zeros({1, 4, 15});
  EXPECT_EQ(screen.bound(), Screen::kLeastBound);
  screen.Compare(exact + 0.25, exact);
  EXPECT_EQ(screen.bound(), 1);
  screen.Compare(exact + 0.2, exact);
  EXPECT_EQ(screen.bound(), 1);
  screen.Compare(exact * std::numeric_limits<float>::quiet_NaN(), exact);
  screen.Compare(exact, exact);
  EXPECT_FALSE(1e9 > screen.bound()) << "no margin is larger";
}

}  // namespace
}  // namespace sumscope::engine
