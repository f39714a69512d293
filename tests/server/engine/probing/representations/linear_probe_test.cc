#include "server/engine/probing/representations/linear_probe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "server/engine/probing/forward/activations.h"
#include "server/engine/runtime/error.h"
#include "tests/server/engine/reason_of.h"

namespace sumscope::engine {
namespace {

constexpr int64_t kRows = 4000, kFeatures = 20;

// Rows of noise and labels 0, 1 by which side of a plane they are on, none close to it.
struct Planted {
  torch::Tensor rows;
  std::vector<int64_t> labels;
};
Planted PlantPlane() {
  torch::manual_seed(11);
  const torch::Tensor normal = torch::randn({kFeatures}, torch::kFloat64);
  const torch::Tensor unit = normal / normal.norm();
  torch::Tensor rows = torch::randn({kRows, kFeatures}, torch::kFloat64);
  const torch::Tensor side = rows.matmul(unit);
  rows = rows + 0.3 * side.sign().unsqueeze(1) * unit;
  Planted planted = {rows * 3 + 100, {}};
  for (int64_t i = 0; i < kRows; ++i) planted.labels.push_back(side[i].item<double>() > 0);
  return planted;
}

double Rate(const ProbeScore& score) { return static_cast<double>(score.correct) / static_cast<double>(score.count); }

TEST(SplitForProbe_Test, GivenAnyCountThenTheSetsAreDisjointAndWhole) {
  for (const int64_t count : {2, 3, 10, 1001}) {
    for (const double share : {0.001, 0.2, 0.999}) {
      const ProbeSplit split = SplitForProbe(count, share, 3);
      std::set<int64_t> all(split.train.begin(), split.train.end());
      EXPECT_FALSE(split.train.empty() || split.held_out.empty());
      for (const int64_t i : split.held_out) EXPECT_TRUE(all.insert(i).second) << i;
      EXPECT_EQ(static_cast<int64_t>(all.size()), count);
      EXPECT_TRUE(*all.begin() == 0 && *all.rbegin() == count - 1);
    }
  }
  EXPECT_EQ(SplitForProbe(1000, 0.2, 3).held_out.size(), 200u);
  EXPECT_EQ(SplitForProbe(1000, 0.2, 3).held_out, SplitForProbe(1000, 0.2, 3).held_out);
  EXPECT_NE(SplitForProbe(1000, 0.2, 3).held_out, SplitForProbe(1000, 0.2, 4).held_out);
}

TEST(LogisticLoss_Test, GivenAnyParametersThenTheGradientIsTheFiniteDifference) {
  torch::manual_seed(2);
  const torch::Tensor x =
      torch::cat({torch::randn({15, 4}, torch::kFloat64), torch::ones({15, 1}, torch::kFloat64)}, 1);
  const torch::Tensor labels = torch::randint(3, {15}, torch::kInt64);
  torch::Tensor theta = torch::randn({5, 3}, torch::kFloat64), gradient, unused;
  LogisticLoss(x, labels, theta, 0.3, &gradient);
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      const double value = theta[i][j].item<double>();
      theta[i][j] = value + kStep;
      const double above = LogisticLoss(x, labels, theta, 0.3, &unused);
      theta[i][j] = value - kStep;
      const double below = LogisticLoss(x, labels, theta, 0.3, &unused);
      theta[i][j] = value;
      EXPECT_NEAR(gradient[i][j].item<double>(), (above - below) / (2 * kStep), 1e-8);
    }
  }
}

TEST(FitLogistic_Test, GivenAConvexLossThenTheGradientVanishesAtTheFit) {
  torch::manual_seed(8);
  const torch::Tensor x =
      torch::cat({torch::randn({300, 12}, torch::kFloat64), torch::ones({300, 1}, torch::kFloat64)}, 1);
  const torch::Tensor labels = torch::randint(5, {300}, torch::kInt64);
  const LogisticFit fit = FitLogistic(x, labels, 5, 1e-3, nullptr);
  torch::Tensor gradient;
  const double loss = LogisticLoss(x, labels, fit.theta, 1e-3, &gradient);
  EXPECT_LE(gradient.abs().max().item<double>(), 1e-6);
  EXPECT_LT(loss, std::log(5.0));
  EXPECT_LT(fit.iterations, 200u);
}

TEST(FitLinearProbe_Test, GivenAPlantedPlaneThenItIsFoundAndShuffledLabelsAreAtChance) {
  const Planted planted = PlantPlane();
  const ProbeFit fit = FitLinearProbe(planted.rows, planted.labels, 2, {});
  EXPECT_EQ(fit.held_out.count, 800u);
  EXPECT_EQ(fit.train.count, 3200u);
  EXPECT_GT(Rate(fit.held_out), 0.99);
  EXPECT_LT(fit.held_out.loss, 0.1);
  EXPECT_NEAR(Rate(fit.shuffled), 0.5, 5 * std::sqrt(0.25 / 800));
  EXPECT_NEAR(fit.majority, 0.5, 5 * std::sqrt(0.25 / 800));
  EXPECT_GT(fit.iterations, 0u);
}

TEST(FitLinearProbe_Test, GivenLabelsThatTheRowsDoNotHoldThenHeldOutIsAtChanceToo) {
  Planted planted = PlantPlane();
  for (size_t i = 0; i < planted.labels.size(); ++i)
    planted.labels[i] = DrawBlock(1, Stream::kAnalysis, 0, i, 0)[0] % 4;
  const ProbeFit fit = FitLinearProbe(planted.rows, planted.labels, 4, {});
  EXPECT_NEAR(Rate(fit.held_out), 0.25, 5 * std::sqrt(0.1875 / 800));
  EXPECT_GT(Rate(fit.train), Rate(fit.held_out) - 0.05);
}

TEST(FitLinearProbe_Test, GivenHeldOutRowsChangedThenTheTrainingDoesNotKnow) {
  Planted planted = PlantPlane();
  const ProbeFit before = FitLinearProbe(planted.rows, planted.labels, 2, {});
  for (const int64_t i : before.split.held_out) {
    planted.rows[i].mul_(1000);
    planted.labels[static_cast<size_t>(i)] = 1 - planted.labels[static_cast<size_t>(i)];
  }
  const ProbeFit after = FitLinearProbe(planted.rows, planted.labels, 2, {});
  EXPECT_EQ(after.train.loss, before.train.loss);
  EXPECT_EQ(after.iterations, before.iterations);
}

TEST(FitLinearProbe_Test, GivenConstantFeaturesThenTheyChangeNothing) {
  const Planted planted = PlantPlane();
  const torch::Tensor wider = torch::cat({planted.rows, torch::full({kRows, 2}, 0.1, torch::kFloat64)}, 1);
  EXPECT_NEAR(FitLinearProbe(wider, planted.labels, 2, {}).held_out.loss,
              FitLinearProbe(planted.rows, planted.labels, 2, {}).held_out.loss, 1e-5);
}

class LinearProbe_Test : public ::testing::Test {
 protected:
  LinearProbe_Test() : encoding_(3, Format::kSigned) {
    config_ = {2, 2, 24, 8, 40, encoding_.n_ctx(), encoding_.d_vocab()};
    model_ = {config_, 3, Format::kSigned, InitialWeights(config_, 4), torch::kCPU};
  }
  std::string Reason(const QuestionSource& questions, const LinearProbeRequest& request) const {
    return ReasonOf([&] { LinearProbe(model_, questions, request); });
  }

  const Encoding encoding_;
  ModelConfig config_;
  Model model_;
};

// The embedding of D_1 stands at position 1: a linear probe must read D_1 off it, and nothing about column 0.
TEST_F(LinearProbe_Test, GivenTheEmbeddingOfADigitThenItsOwnFactsAreReadAndThoseOfTheOtherAreNot) {
  Questions questions;  // D'_1 = 0, so that SA of column 1 is D_1
  UniformSource(Operation::kAdd, 3, 3000, 1)->Fill(0, 3000, &questions);
  for (Question& question : questions) question.b[1] = 0;
  LinearProbeRequest request;
  request.hook = "blocks.0.hook_resid_pre";
  request.position = 1;
  request.feature = ParseFeature("A1.SA");
  const LinearProbeResult result = LinearProbe(model_, *ListSource(questions), request);
  EXPECT_EQ(result.labels.size(), 10u);
  EXPECT_EQ(result.trained_on + result.held_out.count, [&] {
    std::set<std::string> different;
    for (const Question& question : questions) different.insert(QuestionText(question));
    return different.size();
  }());
  EXPECT_EQ(result.held_out.correct, result.held_out.count);
  const double chance = 1.2 * result.majority, se = std::sqrt(0.09 / static_cast<double>(result.held_out.count));
  EXPECT_LT(Rate(result.shuffled), chance + 5 * se);
  request.feature = ParseFeature("A0.SA");
  EXPECT_NEAR(Rate(LinearProbe(model_, *ListSource(questions), request).held_out), 0.1, 5 * se);
}

TEST_F(LinearProbe_Test, GivenANodeThenItIsTheHookWithItsHeadAndPosition) {
  const auto questions = UniformSource(Operation::kAdd, 3, 400, 1);
  LinearProbeRequest node, hook;
  node.feature = hook.feature = ParseFeature("A1.SC");
  node.node = Node{Node::Kind::kMlp, 1, 0, 8};
  hook.hook = "blocks.1.hook_mlp_out";
  hook.position = 8;
  EXPECT_EQ(LinearProbe(model_, *questions, node).held_out.loss, LinearProbe(model_, *questions, hook).held_out.loss);
  node.node = Node{Node::Kind::kHead, 1, 1, 8};
  hook.hook = "blocks.1.attn.hook_z";
  EXPECT_NE(LinearProbe(model_, *questions, node).train.loss, LinearProbe(model_, *questions, hook).train.loss);
}

TEST_F(LinearProbe_Test, GivenEveryHookThenItsActivationsAreFinite) {
  const auto questions = UniformSource(Operation::kSub, 3, 60, 1);
  for (const std::string& hook : HookNames(config_)) {
    LinearProbeRequest request;
    request.hook = hook;
    request.position = 8;
    request.feature = ParseFeature("A2.GT");
    EXPECT_TRUE(std::isfinite(LinearProbe(model_, *questions, request).held_out.loss)) << hook;
  }
}

TEST_F(LinearProbe_Test, GivenBadRequestsThenTheReasonIsNamed) {
  const auto questions = UniformSource(Operation::kAdd, 3, 60, 1);
  LinearProbeRequest good;
  good.hook = "hook_embed";
  good.position = 2;
  good.feature = ParseFeature("A1.SC");
  EXPECT_EQ(Reason(*questions, good), "");
  LinearProbeRequest bad = good;
  bad.position = -1;
  EXPECT_EQ(Reason(*questions, bad), "BAD_POSITION");
  bad = good;
  bad.hook = "hook_nothing";
  EXPECT_EQ(Reason(*questions, bad), "UNKNOWN_HOOK");
  bad = good;
  bad.node = Node{Node::Kind::kHead, 2, 0, 3};
  EXPECT_EQ(Reason(*questions, bad), "BAD_NODE");
  bad = good;
  bad.feature = ParseFeature("A3.SC");
  EXPECT_EQ(Reason(*questions, bad), "BAD_DIGIT");
  bad = good;
  bad.feature = ParseFeature("A1.MB");
  EXPECT_EQ(Reason(*questions, bad), "TOO_FEW_QUESTIONS");
  bad = good;
  bad.held_out = 1;
  EXPECT_EQ(Reason(*questions, bad), "BAD_HELD_OUT");
  bad = good;
  bad.l2 = -1;
  EXPECT_EQ(Reason(*questions, bad), "BAD_L2");
  EXPECT_EQ(Reason(*ListSource({ParseQuestion("1+2", 3), ParseQuestion("1+3", 3), ParseQuestion("1+4", 3)}), good),
            "ONE_LABEL");
  EXPECT_THROW(LinearProbe(model_, *questions, good, [](double done) { return done < 0.6; }), Error);
}

TEST(Features_Test, GivenQuestionsThenLabelsAreThoseOfTheDefinitions) {
  const auto label = [](const char* text, const char* feature) -> std::string {
    const Question question = ParseQuestion(text, 5);
    const Feature parsed = ParseFeature(feature);
    EXPECT_EQ(FeatureText(parsed), feature);
    return Applies(parsed, question) ? LabelNames(parsed.kind).at(static_cast<size_t>(LabelOf(parsed, question))) : "-";
  };
  const char* sum = "12345+17659";  // column sums, units first: 14, 9, 9, 9, 2
  EXPECT_EQ(label(sum, "A0.SA"), "4");
  EXPECT_EQ(label(sum, "A0.SC"), "1");
  EXPECT_EQ(label(sum, "A1.SC"), "0");
  EXPECT_EQ(label(sum, "A1.SS"), "1");
  EXPECT_EQ(label(sum, "A1.ST"), "9");
  EXPECT_EQ(label(sum, "A4.ST"), "8");
  EXPECT_EQ(label(sum, "A3.SV"), "10");
  EXPECT_EQ(label("12340+17659", "A3.SV"), "9");
  EXPECT_EQ(label("12340+17655", "A3.SV"), "8");
  EXPECT_EQ(label(sum, "A0.GT"), "-");
  EXPECT_EQ(label(sum, "A0.MD"), "-");
  const char* positive = "52345-17355";
  EXPECT_EQ(label(positive, "A0.MZ"), "1");
  EXPECT_EQ(label(positive, "A1.MD"), "9");
  EXPECT_EQ(label(positive, "A1.MB"), "1");
  EXPECT_EQ(label(positive, "A1.MT"), "-1");
  EXPECT_EQ(label(positive, "A2.MT"), "0");
  EXPECT_EQ(label(positive, "A4.GT"), "1");
  EXPECT_EQ(label(positive, "A4.ND"), "-");
  EXPECT_EQ(label(positive, "A4.SA"), "-");
  const char* negative = "17355-52345";
  EXPECT_EQ(label(negative, "A1.ND"), "1");
  EXPECT_EQ(label(negative, "A4.NB"), "1");
  EXPECT_EQ(label(negative, "A0.NZ"), "1");
  EXPECT_EQ(label(negative, "A3.NT"), "1");
  EXPECT_EQ(label(negative, "A4.GT"), "0");
  EXPECT_EQ(label(negative, "A4.MB"), "-");
}

// SV_{i-1} is 10 exactly where there is a carry into column i.
TEST(Features_Test, GivenUniformAdditionsThenTheCascadesTriCaseIsTheCarry) {
  Questions questions;
  UniformSource(Operation::kAdd, 8, 2000, 5)->Fill(0, 2000, &questions);
  for (const Question& question : questions) {
    const Columns columns = ColumnsOf(question);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(LabelOf({FeatureKind::kSV, i}, question) == 2, columns.carry[static_cast<size_t>(i) + 1]);
    }
  }
}

TEST(Features_Test, GivenTextsThatAreNoFeatureThenTheyAreRefused) {
  for (const char* text :
       {"", "A", "A.SA", "A1", "A1.", "A1.SX", "B1.SA", "A123.SA", "A1 .SA", "1.SA", "A1.SA.", "A-1.SA"}) {
    EXPECT_THROW(ParseFeature(text), Error) << text;
  }
}

}  // namespace
}  // namespace sumscope::engine
