#include "proto/contract/models/node_names.h"

#include "gtest/gtest.h"
#include "proto/contract/models/model_shapes.h"
#include "tests/proto/contract/matchers.h"
#include "tests/proto/contract/specs.h"

namespace sumscope {
namespace {

std::string Canonical(const std::string& text) {
  const auto nodes = ParseNodeSet(TwoLayerSpec(), "nodes", text);
  return nodes.ok() ? NodeSetText(*nodes) : ErrorReason(nodes.status());
}

TEST(ParseNodeSet_Test, EveryFormThenItsNodes) {
  EXPECT_EQ(Canonical("P14L0H1"), "P14L0H1");
  EXPECT_EQ(Canonical("P09L0H1"), "P9L0H1");
  EXPECT_EQ(Canonical(" p14l1m0 , p14l1mlp"), "P14L1MLP");
  EXPECT_EQ(Canonical("P14L1"), "P14L1");
  EXPECT_EQ(Canonical("P14"), "P14L0,P14L1");
  EXPECT_EQ(Canonical("L1"), "L1H0,L1H1,L1H2,L1MLP");
  EXPECT_EQ(Canonical("L0MLP,L0H2,L0"), "L0MLP,L0H2,L0H0,L0H1");
  EXPECT_EQ(Canonical("P18L0H0"), "P18L0H0");
}

TEST(ParseNodeSet_Test, PrintedThenParsedTheSame) {
  for (const char* text : {"P14L0H1", "P0L1MLP", "P3L1", "L0H2", "L1MLP", "P14", "L0", "P1L0H0,L1"}) {
    const auto nodes = ParseNodeSet(TwoLayerSpec(), "nodes", text);
    ASSERT_THAT(nodes, IsOk()) << text;
    EXPECT_EQ(*ParseNodeSet(TwoLayerSpec(), "nodes", NodeSetText(*nodes)), *nodes) << text;
    for (const NodeName& node : *nodes) EXPECT_EQ(ReadNodeName(NodeNameText(node)), node) << text;
  }
}

TEST(ParseNodeSet_Test, NoNodeThenInvalid) {
  for (const char* text : {"", ",", "P14L0H1,", "H1", "P", "PL0", "P14H1", "P14L0H", "P14L0M1", "P14L0MLPX", "L", "L-1",
                           "P14L0 H1", "MLP", "P14L0H1L1"}) {
    EXPECT_EQ(Canonical(text), "NODE_INVALID") << text;
  }
}

TEST(ParseNodeSet_Test, OutOfTheModelThenErrorNamesTheRange) {
  EXPECT_EQ(Canonical("P19L0H0"), "POSITION_OUT_OF_RANGE");
  EXPECT_EQ(Canonical("P99999999999999999999"), "POSITION_OUT_OF_RANGE");
  EXPECT_EQ(Canonical("P14L2"), "LAYER_OUT_OF_RANGE");
  EXPECT_EQ(Canonical("L4294967296MLP"), "LAYER_OUT_OF_RANGE");
  EXPECT_EQ(Canonical("P14L0H3"), "HEAD_OUT_OF_RANGE");
  const auto nodes = ParseNodeSet(TwoLayerSpec(), "request.ablate.node_sets[1]", "P14L0H3");
  EXPECT_EQ(ViolatedField(nodes.status()), "request.ablate.node_sets[1]");
  EXPECT_NE(nodes.status().message().find("H0 to H2"), std::string::npos);
}

TEST(ReadNodeName_Test, SeveralNodesOrNoneThenNothing) {
  for (const char* text : {"P14", "L0", "", "P14L0H1,P14L0H2", "x"}) EXPECT_FALSE(ReadNodeName(text)) << text;
  EXPECT_EQ(ReadNodeName("p07l9m0"), (NodeName{NodeName::Kind::kMlp, 9, 0, 7}));
}

TEST(ParsePosition_Test, PositionThenNumber) {
  EXPECT_EQ(*ParsePosition(TwoLayerSpec(), "f", "P14"), 14u);
  EXPECT_EQ(*ParsePosition(TwoLayerSpec(), "f", " p09 "), 9u);
  EXPECT_EQ(*ParsePosition(TwoLayerSpec(), "f", "0"), 0u);
  EXPECT_THAT(ParsePosition(TwoLayerSpec(), "f", "19"), IsInvalid("POSITION_OUT_OF_RANGE"));
  for (const char* text : {"", "P", "14L0", "-1", "D5", "P1,P2"}) {
    EXPECT_THAT(ParsePosition(TwoLayerSpec(), "f", text), IsInvalid("NODE_INVALID")) << text;
  }
}

TEST(PositionMeaning_Test, EveryPositionThenWhatItHolds) {
  const auto meanings = [](const v1::TrainSpec& spec) {
    std::string all;
    for (uint32_t i = 0; i < ContextLength(spec); ++i) all += PositionMeaning(spec, i) + " ";
    return all;
  };
  EXPECT_EQ(meanings(TwoLayerSpec()), "D4 D3 D2 D1 D0 OPR D'4 D'3 D'2 D'1 D'0 = SGN A5 A4 A3 A2 A1 A0 ");
  EXPECT_EQ(meanings(TwoLayerSpec(v1::ADD, v1::PLAIN)), "D4 D3 D2 D1 D0 OPR D'4 D'3 D'2 D'1 D'0 = A5 A4 A3 A2 A1 A0 ");
  EXPECT_EQ(PositionMeaning(TwoLayerSpec(), 19), "");
}

TEST(MatchHooks_Test, GlobThenHooksInForwardOrder) {
  EXPECT_THAT(*MatchHooks(TwoLayerSpec(), "f", "blocks.*.attn.hook_z"),
              testing::ElementsAre("blocks.0.attn.hook_z", "blocks.1.attn.hook_z"));
  EXPECT_THAT(*MatchHooks(TwoLayerSpec(), "f", "hook_embed"), testing::ElementsAre("hook_embed"));
  EXPECT_EQ(*MatchHooks(TwoLayerSpec(), "f", "*"), HookNames(TwoLayerSpec()));
  EXPECT_EQ(*MatchHooks(TwoLayerSpec(), "f", "**hook**"), HookNames(TwoLayerSpec()));
  EXPECT_THAT(*MatchHooks(TwoLayerSpec(), "f", "*resid_p*t"),
              testing::ElementsAre("blocks.0.hook_resid_post", "blocks.1.hook_resid_post"));
}

TEST(MatchHooks_Test, NoHookThenNearestIsNamed) {
  const auto hooks = MatchHooks(TwoLayerSpec(), "request.capture.hooks[0]", "blocks.0.attn.hook_zz");
  EXPECT_THAT(hooks, IsInvalid("HOOK_UNKNOWN"));
  EXPECT_EQ(ViolatedField(hooks.status()), "request.capture.hooks[0]");
  EXPECT_NE(hooks.status().message().find("blocks.0.attn.hook_z"), std::string::npos);
  const auto unlike = MatchHooks(TwoLayerSpec(), "f", "*zzz*");
  EXPECT_NE(unlike.status().message().find("; there are hook_embed, "), std::string::npos);
  EXPECT_THAT(MatchHooks(TwoLayerSpec(), "f", "blocks.7.*"), IsInvalid("HOOK_UNKNOWN"));
  EXPECT_THAT(MatchHooks(TwoLayerSpec(), "f", ""), IsInvalid("HOOK_UNKNOWN"));
}

}  // namespace
}  // namespace sumscope
