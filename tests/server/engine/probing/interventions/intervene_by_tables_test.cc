// Ablations and patches by tables beside the reference transformer with hooks in float64, and beside the forward pass.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/engine/data/permutation.h"
#include "server/engine/data/sources.h"
#include "server/engine/device/device.h"
#include "server/engine/model/hooks.h"
#include "server/engine/probing/forward/activations.h"
#include "server/engine/probing/interventions/ablation.h"
#include "server/engine/probing/interventions/intervener/table_intervener.h"
#include "server/engine/probing/interventions/node_tags.h"
#include "server/engine/probing/interventions/patch.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

struct TableShape {
  int n_digits;
  Format format;
  int64_t heads, d_model, d_head, d_mlp;
};

Model OneLayer(const TableShape& shape) {
  SetThreads(1);
  const Encoding encoding(shape.n_digits, shape.format);
  const ModelConfig config{1,           shape.heads,      shape.d_model,     shape.d_head,
                           shape.d_mlp, encoding.n_ctx(), encoding.d_vocab()};
  Model model{config, shape.n_digits, shape.format, InitialWeights(config, 7), torch::kCPU};
  torch::manual_seed(3);
  for (auto& [name, tensor] : model.weights) tensor = tensor + 0.3 * torch::randn_like(tensor);  // no zero biases
  return model;
}

// Every node, and sets that hold several, hide one another or stand at every position.
std::vector<NodeSet> ManySets(const ModelConfig& config) {
  std::vector<NodeSet> sets = EveryNode(config);
  const int64_t answer = config.n_ctx - 3, last = config.n_ctx - 1;
  const auto head = [](int64_t h, int64_t position) { return Node{Node::Kind::kHead, 0, h, position}; };
  const auto mlp = [](int64_t position) { return Node{Node::Kind::kMlp, 0, 0, position}; };
  const auto residual = [](int64_t position) { return Node{Node::Kind::kResidual, 0, 0, position}; };
  sets.insert(sets.end(), {{head(0, -1)},
                           {mlp(-1)},
                           {residual(-1)},
                           {residual(answer)},
                           {residual(1)},
                           {head(0, last)},
                           {mlp(last)},
                           {},
                           {mlp(answer), head(0, answer)},
                           {residual(answer), head(0, answer), mlp(answer)},
                           {head(0, -1), head(0, answer), head(0, 2)},
                           {head(config.n_heads - 1, answer), head(0, answer), head(0, answer + 1)},
                           {head(0, 1), mlp(answer - 1), residual(3)}});
  return sets;
}

// One set by the reference: what Ablate reports.
struct ByReference {
  ByReference(const Model& float32, const torch::Tensor& all_tokens) : model(float32), tokens(all_tokens) {
    for (auto& [name, tensor] : model.weights) tensor = tensor.to(torch::kFloat64);
    own = Values(tokens);
  }

  using Captured = std::map<std::string, torch::Tensor>;
  Captured Values(const torch::Tensor& lines) const {
    Hooks hooks(model.config);
    for (const char* name : {"attn.hook_z", "hook_mlp_out", "hook_resid_post"}) {
      hooks.Capture(std::string("blocks.0.") + name);
    }
    Transformer(model.config, model.weights).Forward(lines, &hooks);
    return hooks.captured();
  }

  static torch::Tensor At(const Captured& values, const Node& node) {
    torch::Tensor value = values.at(HookOf(node));
    if (node.kind == Node::Kind::kHead) value = value.select(2, node.head);
    return node.position < 0 ? value : value.select(1, node.position);
  }

  // Upstream nodes first, as Rerun does; `values` what nodes are replaced by, of each question.
  torch::Tensor Logits(const NodeSet& nodes, const Captured& values) const {
    Hooks hooks(model.config);
    for (const Node& node : nodes) {
      const torch::Tensor value = At(values, node);
      if (node.kind == Node::Kind::kHead) {
        hooks.PatchHead(HookOf(node), node.position, node.head, value);
      } else {
        hooks.Patch(HookOf(node), node.position, value);
      }
    }
    const Encoding encoding(model.n_digits, model.format);
    const int64_t first = encoding.first_answer_row();
    return Transformer(model.config, model.weights)
        .Forward(tokens, &hooks)
        .slice(1, first, first + encoding.n_answer());
  }

  // [count]
  torch::Tensor Moved(const NodeSet& nodes, const Captured& values) const {
    std::map<std::tuple<int, int64_t, int64_t>, torch::Tensor> squares;  // each activation once
    for (const Node& node : nodes) {
      for (int64_t p = 0; p < model.config.n_ctx; ++p) {
        if (node.position >= 0 && node.position != p) continue;
        Node one = node;
        one.position = p;
        squares[{static_cast<int>(node.kind), node.head, p}] = (At(own, one) - At(values, one)).square().sum(-1);
      }
    }
    torch::Tensor sum = torch::zeros({tokens.size(0)}, torch::kFloat64);
    for (const auto& [activation, square] : squares) sum += square;
    return sum.sqrt();
  }

  Model model;
  torch::Tensor tokens;
  Captured own;
};

void ExpectAblated(const ByReference& reference, const Ablated& ablated, const ByReference::Captured& values) {
  SCOPED_TRACE(NodeSetText(ablated.nodes));
  const Encoding encoding(reference.model.n_digits, reference.model.format);
  const torch::Tensor truth = reference.tokens.slice(1, encoding.n_question());
  const torch::Tensor logits = reference.Logits(ablated.nodes, values), loss = AnswerLosses(logits, truth).mean(0);
  const torch::Tensor top = std::get<0>(logits.topk(2, -1)), wrong = logits.argmax(-1) != truth;
  const int64_t near = (top.select(-1, 0) - top.select(-1, 1) < 1e-4).sum().item<int64_t>();
  EXPECT_NEAR(ablated.loss, loss.mean().item<double>(), 2e-6 * (1 + loss.mean().item<double>()));
  for (int64_t j = 0; j < encoding.n_answer(); ++j) {
    const auto i = static_cast<size_t>(j);
    EXPECT_NEAR(ablated.digit_loss[i], loss[j].item<double>(), 5e-6 * (1 + loss[j].item<double>()));
    EXPECT_NEAR(ablated.failed_digits[i], wrong.select(1, j).sum().item<double>(), static_cast<double>(near));
  }
  EXPECT_NEAR(ablated.failed, wrong.any(1).sum().item<double>(), static_cast<double>(near));
  const double moved = reference.Moved(ablated.nodes, values).mean().item<double>();
  EXPECT_NEAR(ablated.moved_l2, moved, 1e-5 * moved);
}

class InterveneByTables_Test : public ::testing::TestWithParam<TableShape> {};

TEST_P(InterveneByTables_Test, GivenAnySetsAndModesThenAllIsTheReferences) {
  const torch::NoGradGuard no_grad;
  const Model model = OneLayer(GetParam());
  const uint64_t count = 60;
  const auto source =
      UniformSource(model.format == Format::kPlain ? Operation::kAdd : Operation::kSub, model.n_digits, count, 5);
  Questions questions, donors;
  source->Fill(0, count, &questions);
  const Encoding encoding(model.n_digits, model.format);
  const ByReference reference(model, encoding.Encode(questions));
  AblationRequest request;
  request.node_sets = ManySets(model.config);
  request.seed = 4;
  for (const int64_t q : CyclicPermutation(count, request.seed, 64))
    donors.push_back(questions[static_cast<size_t>(q)]);
  for (const AblationMode mode : {AblationMode::kMean, AblationMode::kZero, AblationMode::kResample}) {
    SCOPED_TRACE(static_cast<int>(mode));
    request.mode = mode;
    ByReference::Captured values = reference.own;
    if (mode == AblationMode::kResample) values = reference.Values(encoding.Encode(donors));
    for (auto& [name, value] : values) {
      if (mode == AblationMode::kMean) value = value.mean(0, /*keepdim=*/true).expand_as(value);
      if (mode == AblationMode::kZero) value = torch::zeros_like(value);
    }
    const AblationResult result = Ablate(model, *source, request);
    ASSERT_TRUE(result.by_tables);
    // All that stand behind every node, and of these every third.
    for (size_t i = 0; i < request.node_sets.size(); ++i) {
      if (i % 3 == 0 || i >= EveryNode(model.config).size()) ExpectAblated(reference, result.results[i], values);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, InterveneByTables_Test,
                         ::testing::Values(TableShape{2, Format::kPlain, 1, 24, 9, 40},
                                           TableShape{3, Format::kSigned, 2, 40, 9, 70},
                                           TableShape{4, Format::kPlain, 3, 66, 21, 130},
                                           TableShape{5, Format::kSigned, 4, 48, 20, 64},
                                           TableShape{6, Format::kSigned, 6, 30, 7, 90}));

constexpr TableShape kSmall = {3, Format::kSigned, 2, 40, 9, 70};

// Answers are the same; losses and distances nearly, and with them what lies just at the border of a near tie.
void ExpectSameAblation(const AblationResult& result, const AblationResult& expected) {
  EXPECT_EQ(result.unablated.right, expected.unablated.right);
  EXPECT_NEAR(result.unablated.near_ties, expected.unablated.near_ties, 1);
  EXPECT_NEAR(result.unablated.loss, expected.unablated.loss, 1e-6 * (1 + expected.unablated.loss));
  for (size_t i = 0; i < expected.results.size(); ++i) {
    const Ablated &ablated = result.results[i], &other = expected.results[i];
    SCOPED_TRACE(NodeSetText(other.nodes));
    EXPECT_EQ(ablated.failed, other.failed);
    EXPECT_EQ(ablated.failed_digits, other.failed_digits);
    EXPECT_EQ(ablated.failed_of_right, other.failed_of_right);
    EXPECT_EQ(ablated.failed_digits_of_right, other.failed_digits_of_right);
    EXPECT_EQ(ablated.changed_digits, other.changed_digits);
    EXPECT_NEAR(ablated.near_ties, other.near_ties, 1);
    EXPECT_EQ(ablated.classes.size(), other.classes.size());
    EXPECT_NEAR(ablated.loss, other.loss, 2e-6 * (1 + other.loss));
    EXPECT_NEAR(ablated.moved_l2, other.moved_l2, 1e-5 * other.moved_l2);
  }
}

TEST(InterveneByTables_Test, GivenManyBatchesAndThreadsThenCountsAreThoseOfTheForwardPass) {
  const Model model = OneLayer(kSmall);
  AblationRequest request;
  request.node_sets = EveryNode(model.config);
  const auto source = MixedSource(model.n_digits, 3000, 1);
  for (const AblationMode mode : {AblationMode::kMean, AblationMode::kResample}) {
    request.mode = mode;
    SetThreads(2);
    const AblationResult result = Ablate(model, *source, request);
    SetThreads(1);
    EXPECT_TRUE(result.by_tables);
    ExpectSameAblation(result, Ablate(model, *source, request, nullptr, AnswerBy::kForwardPass));
  }
}

// Where all logits are equal, the forward pass decides every row.
TEST(InterveneByTables_Test, GivenAnswersThatLieAsNearAsCanBeThenTheForwardPassReadsThem) {
  Model model = OneLayer(kSmall);
  for (auto& [name, tensor] : model.weights) {
    if (name == "unembed.W_U") tensor = tensor * 1e-6;
    if (name == "unembed.b_U") tensor = torch::zeros_like(tensor);
  }
  AblationRequest request;
  request.node_sets = ManySets(model.config);
  const auto source = UniformSource(Operation::kSub, model.n_digits, 80, 2);
  for (const AblationMode mode : {AblationMode::kMean, AblationMode::kZero, AblationMode::kResample}) {
    request.mode = mode;
    const AblationResult result = Ablate(model, *source, request);
    EXPECT_TRUE(result.by_tables);
    EXPECT_GT(result.rechecked, 80u * request.node_sets.size() / 4);
    const AblationResult expected = Ablate(model, *source, request, nullptr, AnswerBy::kForwardPass);
    EXPECT_FALSE(expected.by_tables);
    EXPECT_EQ(expected.rechecked, 0u);
    EXPECT_NEAR(result.unablated.loss, expected.unablated.loss, 1e-9);
    for (size_t i = 0; i < expected.results.size(); ++i) {
      EXPECT_NEAR(result.results[i].loss, expected.results[i].loss, 1e-9);
      EXPECT_EQ(result.results[i].near_ties, expected.results[i].near_ties);
    }
  }
}

TEST(InterveneByTables_Test, GivenNodesThatNoAnswerReadsThenNothingChangesButWhatTheyHold) {
  const Model model = OneLayer(kSmall);
  AblationRequest request;
  for (int64_t position = 0; position < 2 * model.n_digits + 1; ++position) {
    request.node_sets.push_back({{Node::Kind::kHead, 0, 1, position}, {Node::Kind::kMlp, 0, 0, position}});
  }
  const AblationResult result = Ablate(model, *UniformSource(Operation::kSub, model.n_digits, 200, 2), request);
  EXPECT_TRUE(result.by_tables);
  for (const Ablated& ablated : result.results) {
    EXPECT_EQ(ablated.failed, result.unablated.questions - result.unablated.right);
    EXPECT_EQ(ablated.failed_digits, result.unablated.failed_digits);
    EXPECT_EQ(ablated.failed_of_right, 0u);
    EXPECT_NEAR(ablated.loss, result.unablated.loss, 1e-12);
    EXPECT_GT(ablated.moved_l2, 0);
  }
}

TEST(InterveneByTables_Test, GivenOneQuestionManyTimesThenItsMeansMoveNothing) {
  const Model model = OneLayer(kSmall);
  AblationRequest request;
  request.node_sets = ManySets(model.config);
  const AblationResult result = Ablate(model, *ListSource(Questions(50, ParseQuestion("123-456", 3))), request);
  EXPECT_TRUE(result.by_tables);
  for (const Ablated& ablated : result.results) {
    EXPECT_EQ(ablated.moved_l2, 0) << NodeSetText(ablated.nodes);
    EXPECT_NEAR(ablated.loss, result.unablated.loss, 1e-5);
  }
}

TEST(InterveneByTables_Test, GivenPairsThenPatchesAreThoseOfTheForwardPass) {
  for (const TableShape& shape : {kSmall, TableShape{5, Format::kPlain, 3, 66, 21, 130}}) {
    const Model model = OneLayer(shape);
    const Operation op = shape.format == Format::kPlain ? Operation::kAdd : Operation::kSub;
    Questions questions;
    UniformSource(op, model.n_digits, 120, 5)->Fill(0, 120, &questions);
    PatchRequest request;
    for (size_t i = 0; i + 1 < questions.size(); i += 2) {
      request.pairs.push_back({"pair", "", questions[i], questions[i + 1], {}});
    }
    request.pairs.push_back({"same", "", questions[0], questions[0], {}});
    request.node_sets = ManySets(model.config);
    for (const NodeSet& nodes : EveryHead(model.config, Encoding(model.n_digits, model.format), true)) {
      request.node_sets.push_back(nodes);
    }
    const PatchResult result = Patch(model, request);
    const PatchResult expected = Patch(model, request, nullptr, AnswerBy::kForwardPass);
    EXPECT_TRUE(result.by_tables);
    EXPECT_FALSE(expected.by_tables);
    for (size_t p = 0; p < request.pairs.size(); ++p) {
      const PatchedPair &pair = result.pairs[p], &other = expected.pairs[p];
      EXPECT_EQ(pair.store_predicted, other.store_predicted);
      EXPECT_EQ(pair.clean_predicted, other.clean_predicted);
      EXPECT_EQ(pair.store_true, other.store_true);
      EXPECT_EQ(pair.clean_true, other.clean_true);
      for (size_t s = 0; s < request.node_sets.size(); ++s) {
        SCOPED_TRACE(::testing::PrintToString(p) + " " + NodeSetText(request.node_sets[s]));
        const Patched &patched = pair.results[s], &same = other.results[s];
        EXPECT_EQ(patched.predicted, same.predicted);
        EXPECT_EQ(patched.impact, same.impact);
        EXPECT_NEAR(patched.loss, same.loss, 1e-5 * (1 + same.loss));
        EXPECT_NEAR(patched.margin, same.margin, 1e-4);
        EXPECT_NEAR(patched.l2, same.l2, 1e-5 + 2e-5 * same.l2);
        EXPECT_EQ(patched.l2 == 0, same.l2 == 0);
      }
    }
  }
}

TEST(InterveneByTables_Test, GivenOtherModelsThenTheForwardPassAnswersAndItIsSaid) {
  const auto source = UniformSource(Operation::kSub, kSmall.n_digits, 40, 1);
  Model wide = OneLayer(kSmall), huge = OneLayer(kSmall), deep = OneLayer(kSmall);
  for (auto& [name, tensor] : wide.weights) tensor = tensor.to(torch::kFloat64);
  for (auto& [name, tensor] : huge.weights) tensor = tensor * 1e5;  // its logits' rounding is more than any margin
  deep.config.n_layers = 2;
  deep.weights = InitialWeights(deep.config, 1);
  for (const Model* model : {&wide, &huge, &deep}) {
    AblationRequest request;
    request.node_sets = EveryNode(model->config);
    const AblationResult result = Ablate(*model, *source, request);
    EXPECT_FALSE(result.by_tables);
    EXPECT_EQ(result.unablated.questions, 40u);
  }
}

TEST(InterveneByTables_Test, GivenTablesAboveTheLimitThenThereAreNone) {
  const Encoding encoding(20, Format::kSigned);
  ModelConfig config = {1, 3, 8, 2, 60'000, encoding.n_ctx(), encoding.d_vocab()};
  EXPECT_TRUE(RowTables::Fits(config, TableIntervener::kMaxTableBytes));
  config.d_mlp = 66'000;
  EXPECT_FALSE(RowTables::Fits(config, TableIntervener::kMaxTableBytes));
  config.d_mlp = 64;
  config.n_heads = ChangePlan::kMaxHeads + 1;
  EXPECT_FALSE(RowTables::Fits(config, TableIntervener::kMaxTableBytes));
}

TEST(InterveneByTables_Test, GivenWeightsThatAreNoNumbersThenTheyAreRefused) {
  Model model = OneLayer(kSmall);
  model.weights[3].second.fill_(std::numeric_limits<float>::quiet_NaN());
  AblationRequest request;
  request.node_sets = EveryNode(model.config);
  EXPECT_THROW(Ablate(model, *UniformSource(Operation::kAdd, kSmall.n_digits, 100, 1), request), Error);
}

TEST(InterveneByTables_Test, WhenProgressIsAskedThenItGrowsToTheEndAndAStopIsHeardAtOnce) {
  const Model model = OneLayer(kSmall);
  AblationRequest request;
  request.node_sets = EveryNode(model.config);
  const auto source = UniformSource(Operation::kSub, model.n_digits, 5000, 1);
  double last = 0;
  int calls = 0;
  const ProgressFn watch = [&](double done) {
    EXPECT_GE(done, last);
    last = done;
    ++calls;
    return true;
  };
  EXPECT_TRUE(Ablate(model, *source, request, watch).by_tables);
  EXPECT_EQ(last, 1);
  const int all = calls;
  for (int stop_at = 1; stop_at < all; stop_at = 2 * stop_at + 1) {
    calls = 0;
    const ProgressFn stop = [&](double) { return ++calls < stop_at; };
    try {
      Ablate(model, *source, request, stop);
      FAIL() << "nothing stopped it";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind, ErrorKind::kCancelled);
    }
    EXPECT_EQ(calls, stop_at);
  }
}

}  // namespace
}  // namespace sumscope::engine
