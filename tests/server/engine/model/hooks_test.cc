#include "server/engine/model/hooks.h"

#include <gtest/gtest.h>

#include "server/engine/data/encoding.h"
#include "server/engine/model/transformer.h"
#include "server/engine/runtime/error.h"

namespace sumscope::engine {
namespace {

const ModelConfig kConfig = {2, 3, 24, 8, 40, 19, 15};

class Hooks_Test : public ::testing::Test {
 protected:
  const torch::NoGradGuard no_grad_;
  const Transformer model_{kConfig, InitialWeights(kConfig, 3)};
  const torch::Tensor tokens_ =
      Encoding(5, Format::kSigned).Encode({ParseQuestion("12345+67890", 5), ParseQuestion("1-99", 5)});
};

TEST_F(Hooks_Test, GivenHooksThatOnlyLookThenNoBitChanges) {
  const torch::Tensor without = model_.Forward(tokens_);
  Hooks none(kConfig), looking(kConfig);
  looking.CaptureAll();
  EXPECT_TRUE(torch::equal(model_.Forward(tokens_, &none), without));
  EXPECT_TRUE(torch::equal(model_.Forward(tokens_, &looking), without));
  EXPECT_EQ(looking.captured().size(), HookNames(kConfig).size());
}

TEST_F(Hooks_Test, GivenAnyHookPointThenItsOwnValueWrittenBackChangesNoBitAndAnotherDoes) {
  const torch::Tensor without = model_.Forward(tokens_);
  for (const std::string& name : HookNames(kConfig)) {
    Hooks looking(kConfig), same(kConfig), other(kConfig);
    looking.Capture(name);
    model_.Forward(tokens_, &looking);
    same.Patch(name, -1, looking.captured().at(name));
    EXPECT_TRUE(torch::equal(model_.Forward(tokens_, &same), without)) << name;
    other.Add(name, [](const torch::Tensor& value) { return value * torch::linspace(1, 2, value.size(-1)) + 0.5; });
    const bool is_key = name.find("hook_k") != std::string::npos;
    EXPECT_FALSE(torch::allclose(model_.Forward(tokens_, &other), without, 1e-5, is_key ? 1e-7 : 1e-5)) << name;
  }
}

TEST_F(Hooks_Test, GivenAPassToTheLastHookThenItEndsThereWithTheSameBits) {
  Hooks whole(kConfig);
  whole.CaptureAll();
  model_.Forward(tokens_, &whole);
  for (const std::string& name : HookNames(kConfig)) {
    Hooks hooks(kConfig);
    hooks.Capture(name);
    hooks.Capture("hook_embed");
    hooks.EndAfterLast();
    EXPECT_THROW(model_.Forward(tokens_, &hooks), PassEnded) << name;
    EXPECT_TRUE(torch::equal(hooks.captured().at(name), whole.captured().at(name))) << name;
  }
  Hooks none(kConfig);
  none.EndAfterLast();
  EXPECT_TRUE(torch::equal(model_.Forward(tokens_, &none), model_.Forward(tokens_)));
}

TEST_F(Hooks_Test, GivenAPatchAtOnePositionOfTheLastLayerThenOnlyThatRowChanges) {
  const torch::Tensor without = model_.Forward(tokens_);
  Hooks hooks(kConfig);
  hooks.Ablate("blocks.1.hook_mlp_out", 14);
  const torch::Tensor changed = (model_.Forward(tokens_, &hooks) != without).any(-1).any(0);
  for (int64_t row = 0; row < 19; ++row) EXPECT_EQ(changed[row].item<bool>(), row == 14) << row;
}

TEST_F(Hooks_Test, GivenAHeadsZPatchedThenTheRestOfZStays) {
  Hooks before(kConfig), hooks(kConfig);
  before.Capture("blocks.0.attn.hook_z");
  model_.Forward(tokens_, &before);
  hooks.PatchHead("blocks.0.attn.hook_z", 7, 2, torch::ones({8}));
  hooks.Capture("blocks.0.attn.hook_z");
  model_.Forward(tokens_, &hooks);
  const torch::Tensor z = hooks.captured().at("blocks.0.attn.hook_z");
  torch::Tensor expected = before.captured().at("blocks.0.attn.hook_z").clone();
  expected.select(1, 7).select(1, 2).fill_(1);
  EXPECT_TRUE(torch::equal(z, expected));
}

TEST_F(Hooks_Test, GivenOneQuestionsActivationsInAnotherThenTheAnswerIsTheFirsts) {
  Hooks store(kConfig), patch(kConfig);
  store.Capture("blocks.1.hook_resid_post");
  const torch::Tensor logits = model_.Forward(tokens_.slice(0, 0, 1), &store);
  patch.Patch("blocks.1.hook_resid_post", -1, store.captured().at("blocks.1.hook_resid_post"));
  EXPECT_TRUE(torch::equal(model_.Forward(tokens_.slice(0, 1, 2), &patch), logits));
}

TEST_F(Hooks_Test, GivenWrongNamesThenTheyAreRefused) {
  Hooks hooks(kConfig);
  EXPECT_THROW(hooks.Capture("blocks.2.hook_mlp_out"), Error);
  EXPECT_THROW(hooks.Capture(""), Error);
  EXPECT_THROW(hooks.PatchHead("blocks.0.hook_mlp_out", 1, 1, torch::ones({1})), Error);
}

}  // namespace
}  // namespace sumscope::engine
