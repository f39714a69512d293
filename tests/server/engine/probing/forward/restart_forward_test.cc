// RestartForward beside the reference transformer with hooks: whatever is replaced, the same logits.
#include "server/engine/probing/forward/restart_forward.h"

#include <gtest/gtest.h>

#include "server/engine/data/generator.h"
#include "server/engine/device/device.h"
#include "server/engine/model/hooks.h"
#include "server/engine/probing/forward/activations.h"

namespace sumscope::engine {
namespace {

constexpr int kDigits = 3;

Model RandomModel(int64_t n_layers, Format format) {
  SetThreads(1);
  const Encoding encoding(kDigits, format);
  const ModelConfig config{n_layers, 2, 12, 5, 16, encoding.n_ctx(), encoding.d_vocab()};
  Model model{config, kDigits, format, InitialWeights(config, 7, torch::kFloat64), torch::kCPU};
  torch::manual_seed(3);
  for (auto& [name, tensor] : model.weights) tensor = tensor + 0.3 * torch::randn_like(tensor);  // no zero biases
  return model;
}

Questions SomeQuestions(Operation op, uint64_t count) {
  Questions questions;
  UniformSource(op, kDigits, count, 5)->Fill(0, count, &questions);
  return questions;
}

// The reference's logits at the answer rows with the same replacements.
torch::Tensor Reference(const Model& model, const torch::Tensor& tokens,
                        const std::vector<RestartForward::Replacement>& replacements) {
  Hooks hooks(model.config);
  for (const auto& [node, value] : replacements) {
    // A value at every position is [n_ctx, width]: broadcast over the questions.
    if (node.kind == Node::Kind::kHead) {
      hooks.PatchHead(HookOf(node), node.position, node.head, value);
    } else {
      hooks.Patch(HookOf(node), node.position, value);
    }
  }
  const Encoding encoding(model.n_digits, model.format);
  return Transformer(model.config, model.weights)
      .Forward(tokens, &hooks)
      .slice(1, encoding.first_answer_row(), encoding.first_answer_row() + encoding.n_answer());
}

void ExpectSame(const torch::Tensor& a, const torch::Tensor& b) {
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-10);
}

class RestartForward_Test : public ::testing::TestWithParam<int64_t> {};

TEST_P(RestartForward_Test, WithoutReplacementThenTheLogitsAreTheReferences) {
  const Model model = RandomModel(GetParam(), Format::kSigned);
  const RestartForward forward(model);
  const torch::Tensor tokens = forward.encoding().Encode(SomeQuestions(Operation::kSub, 6));
  const RestartForward::Pass pass = forward.Run(tokens);
  ExpectSame(pass.logits, Reference(model, tokens, {}));
  ExpectSame(forward.Rerun(pass, {}), pass.logits);
}

TEST_P(RestartForward_Test, GivenEveryNodeAtEveryPositionThenTheLogitsAreTheReferences) {
  for (const Format format : {Format::kPlain, Format::kSigned}) {
    const Model model = RandomModel(GetParam(), format);
    const RestartForward forward(model);
    const torch::Tensor tokens = forward.encoding().Encode(SomeQuestions(Operation::kAdd, 4));
    const RestartForward::Pass pass = forward.Run(tokens);
    torch::manual_seed(11);
    for (int64_t layer = 0; layer < GetParam(); ++layer) {
      for (int64_t position = -1; position < forward.config().n_ctx; ++position) {
        for (const Node& node :
             {Node{Node::Kind::kHead, layer, 0, position}, Node{Node::Kind::kHead, layer, 1, position},
              Node{Node::Kind::kMlp, layer, 0, position}, Node{Node::Kind::kResidual, layer, 0, position}}) {
          SCOPED_TRACE(HookOf(node) + " " + std::to_string(position));
          const torch::Tensor old = RestartForward::ValueOf(pass, node);
          const torch::Tensor value = torch::randn_like(old[0]);
          ExpectSame(forward.Rerun(pass, {{node, value}}), Reference(model, tokens, {{node, value}}));
        }
      }
    }
  }
}

TEST_P(RestartForward_Test, GivenSeveralNodesThenTheLogitsAreTheReferences) {
  const Model model = RandomModel(GetParam(), Format::kSigned);
  const RestartForward forward(model);
  const torch::Tensor tokens = forward.encoding().Encode(SomeQuestions(Operation::kAdd, 5));
  const RestartForward::Pass pass = forward.Run(tokens);
  const int64_t last = GetParam() - 1;
  const std::vector<RestartForward::Replacement> replacements = {
      {{Node::Kind::kHead, 0, 0, 2}, torch::randn({5}, torch::kFloat64)},
      {{Node::Kind::kHead, last, 1, 9}, torch::randn({5, 5}, torch::kFloat64)},
      {{Node::Kind::kMlp, last, 0, -1}, torch::randn({forward.config().n_ctx, 12}, torch::kFloat64)},
      {{Node::Kind::kResidual, 0, 0, 8}, torch::zeros({}, torch::kFloat64)}};
  ExpectSame(forward.Rerun(pass, replacements), Reference(model, tokens, replacements));
}

TEST_P(RestartForward_Test, WhenANodeGetsItsOwnValueThenNothingChanges) {
  const Model model = RandomModel(GetParam(), Format::kPlain);
  const RestartForward forward(model);
  const RestartForward::Pass pass = forward.Run(forward.encoding().Encode(SomeQuestions(Operation::kAdd, 5)));
  for (const Node& node : {Node{Node::Kind::kHead, 0, 1, 4}, Node{Node::Kind::kMlp, 0, 0, -1}}) {
    ExpectSame(forward.Rerun(pass, {{node, RestartForward::ValueOf(pass, node)}}), pass.logits);
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, RestartForward_Test, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace sumscope::engine
