#include "server/engine/probing/interventions/ablation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "server/engine/device/device.h"
#include "server/engine/model/hooks.h"
#include "server/engine/probing/evaluation/answerer.h"
#include "server/engine/probing/interventions/node_tags.h"

namespace sumscope::engine {
namespace {

// Random weights of two layers in float64, large enough that ablations change answers.
Model TwoLayers() {
  SetThreads(1);
  const Encoding encoding(3, Format::kSigned);
  const ModelConfig config{2, 2, 12, 5, 16, encoding.n_ctx(), encoding.d_vocab()};
  Model model{config, 3, Format::kSigned, InitialWeights(config, 7, torch::kFloat64), torch::kCPU};
  torch::manual_seed(3);
  for (auto& [name, tensor] : model.weights) tensor = tensor + 0.4 * torch::randn_like(tensor);
  return model;
}

// Mean loss of the questions with hook_z of one head replaced, by the reference transformer.
double ReferenceLoss(const Model& model, const torch::Tensor& tokens, int64_t layer, int64_t head,
                     const torch::Tensor& mean) {
  const Encoding encoding(model.n_digits, model.format);
  Hooks hooks(model.config);
  hooks.PatchHead("blocks." + std::to_string(layer) + ".attn.hook_z", -1, head, mean);
  const torch::Tensor logits = Transformer(model.config, model.weights).Forward(tokens, &hooks);
  const int64_t first = encoding.first_answer_row();
  return AnswerLosses(logits.slice(1, first, first + encoding.n_answer()), tokens.slice(1, encoding.n_question()))
      .mean()
      .item<double>();
}

// [n_ctx, d_head], of one head.
torch::Tensor MeanZ(const Model& model, const torch::Tensor& tokens, int64_t layer, int64_t head) {
  const std::string name = "blocks." + std::to_string(layer) + ".attn.hook_z";
  Hooks hooks(model.config);
  hooks.Capture(name);
  Transformer(model.config, model.weights).Forward(tokens, &hooks);
  return hooks.captured().at(name).mean(0).select(1, head);
}

TEST(Ablation_Test, GivenTwoLayersThenEachNodeGetsTheMeanOfItsOwnLayer) {
  const Model model = TwoLayers();
  const auto source = UniformSource(Operation::kAdd, 3, 200, 0);
  Questions questions;
  source->Fill(0, 200, &questions);
  const torch::Tensor tokens = Encoding(3, Format::kSigned).Encode(questions);
  AblationRequest request;
  for (int64_t layer = 0; layer < 2; ++layer) {
    for (int64_t head = 0; head < 2; ++head) request.node_sets.push_back({{Node::Kind::kHead, layer, head, -1}});
  }
  const AblationResult result = Ablate(model, *source, request);
  for (const Ablated& ablated : result.results) {
    const Node& node = ablated.nodes.front();
    const double own = ReferenceLoss(model, tokens, node.layer, node.head, MeanZ(model, tokens, node.layer, node.head));
    EXPECT_NEAR(ablated.loss, own, 1e-9) << NodeText(node);
    if (node.layer == 0) continue;
    // What published code does: the mean of layer 0 for every layer. It would be seen.
    const double wrong = ReferenceLoss(model, tokens, node.layer, node.head, MeanZ(model, tokens, 0, node.head));
    EXPECT_GT(std::abs(ablated.loss - wrong), 1e-3) << NodeText(node);
  }
}

TEST(Ablation_Test, GivenBatchesOfAnySizeThenResamplingIsOnePermutationOfAllQuestions) {
  const Model model = TwoLayers();
  AblationRequest request;
  request.mode = AblationMode::kResample;
  request.node_sets = {{{Node::Kind::kHead, 0, 1, 8}}, {{Node::Kind::kMlp, 1, 0, -1}}};
  const auto source = UniformSource(Operation::kSub, 3, 700, 2);  // more than one batch
  const AblationResult once = Ablate(model, *source, request), again = Ablate(model, *source, request);
  request.seed = 1;
  const AblationResult other = Ablate(model, *source, request);
  for (size_t i = 0; i < request.node_sets.size(); ++i) {
    EXPECT_EQ(once.results[i].loss, again.results[i].loss);
    EXPECT_NE(once.results[i].loss, other.results[i].loss);
    EXPECT_GT(once.results[i].moved_l2, 0);
  }
}

TEST(Ablation_Test, GivenTwoQuestionsThenEachGetsTheOthersActivations) {
  const Model model = TwoLayers();
  AblationRequest request;
  request.mode = AblationMode::kResample;
  request.node_sets = {{{Node::Kind::kHead, 0, 1, 8}}};
  const auto pair = ListSource({ParseQuestion("123+456", 3), ParseQuestion("987+012", 3)});
  const auto same = ListSource({ParseQuestion("123+456", 3), ParseQuestion("123+456", 3)});
  for (request.seed = 0; request.seed < 8; ++request.seed) {
    EXPECT_GT(Ablate(model, *pair, request).results.front().moved_l2, 0);
    EXPECT_EQ(Ablate(model, *same, request).results.front().moved_l2, 0);
  }
}

TEST(Ablation_Test, GivenNodesThatHoldOneAnotherThenEachActivationMovesOnce) {
  const Model model = TwoLayers();
  const Node everywhere{Node::Kind::kHead, 0, 1, -1}, one{Node::Kind::kHead, 0, 1, 8}, mlp{Node::Kind::kMlp, 0, 0, 8};
  AblationRequest request;
  request.mode = AblationMode::kZero;
  request.node_sets = {{everywhere}, {everywhere, one}, {one, everywhere}, {one}, {one, one}, {mlp}, {one, mlp}};
  const AblationResult result = Ablate(model, *UniformSource(Operation::kAdd, 3, 1, 2), request);
  const auto moved = [&](size_t i) { return result.results[i].moved_l2; };
  EXPECT_EQ(moved(1), moved(0));
  EXPECT_EQ(moved(2), moved(0));
  EXPECT_EQ(moved(4), moved(3));
  EXPECT_NEAR(moved(6), std::hypot(moved(3), moved(5)), 1e-9);
}

TEST(Ablation_Test, GivenBothOperationsThenFailuresAreCountedForEach) {
  const Model model = TwoLayers();
  AblationRequest request;
  request.node_sets = {{{Node::Kind::kMlp, 0, 0, -1}, {Node::Kind::kMlp, 1, 0, -1}}};
  Questions questions, more;
  UniformSource(Operation::kAdd, 3, 30, 0)->Fill(0, 30, &questions);
  UniformSource(Operation::kSub, 3, 20, 0)->Fill(0, 20, &more);
  questions.insert(questions.end(), more.begin(), more.end());
  const AblationResult result = Ablate(model, *ListSource(questions), request);
  uint64_t right = 0, failed = 0;
  for (const OperationHits& hits : result.results[0].operations) {
    right += hits.right;
    failed += hits.failed;
  }
  EXPECT_EQ(right, result.unablated.right);
  EXPECT_EQ(failed, result.results[0].failed_of_right);
}

TEST(Ablation_Test, WhenProgressSaysStopThenItIsCancelled) {
  AblationRequest request;
  request.node_sets = EveryNode(TwoLayers().config);
  int calls = 0;
  const ProgressFn stop = [&](double) { return ++calls < 5; };
  try {
    Ablate(TwoLayers(), *UniformSource(Operation::kAdd, 3, 50, 0), request, stop);
    FAIL() << "nothing stopped it";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, ErrorKind::kCancelled);
  }
}

TEST(Ablation_Test, GivenTwoLayersThenEveryNodeIsThereOnce) {
  const ModelConfig config = TwoLayers().config;
  const std::vector<NodeSet> nodes = EveryNode(config);
  EXPECT_EQ(nodes.size(), static_cast<size_t>(2 * (config.n_ctx - 1) * 3));
  EXPECT_EQ(NodeSetText(nodes.front()), "P0L0H0");
  EXPECT_EQ(NodeSetText(nodes[2]), "P0L0MLP");
  EXPECT_EQ(NodeSetText(nodes.back()), "P" + std::to_string(config.n_ctx - 2) + "L1MLP");
}

TEST(DigitsText_Test, GivenAnyNumberOfDigitsThenTheAuthorsSpellingIsUsed) {
  const Encoding short_encoding(5, Format::kSigned), long_encoding(10, Format::kSigned);
  EXPECT_EQ(DigitsText(short_encoding, {true, false, true, true, false, false, false}), "A643");
  EXPECT_EQ(DigitsText(short_encoding, std::vector<bool>(7, false)), "");
  std::vector<bool> hit(12, false);
  hit[1] = hit[2] = true;
  EXPECT_EQ(DigitsText(long_encoding, hit), "A10.9");
}

}  // namespace
}  // namespace sumscope::engine
