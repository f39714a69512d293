// The screen's forward pass beside the reference transformer.
#include "server/engine/model/screening/screen_forward.h"

#include <gtest/gtest.h>

#include "server/engine/data/generator.h"
#include "server/engine/data/sources.h"
#include "server/engine/model/screening/screen.h"
#include "tests/support/oracle_file.h"

namespace sumscope::engine::screening {
namespace {

torch::Tensor Lines(const Encoding& encoding, uint64_t count) {
  Questions questions;
  UniformSource(Operation::kAdd, encoding.n_digits(), count, 7)->Fill(0, count, &questions);
  return encoding.Encode(questions);
}

torch::Tensor LogitsOf(const ModelConfig& config, const NamedTensors& weights, const Encoding& encoding,
                       const torch::Tensor& tokens) {
  const ScreenForward forward(config, BindWeights(config, weights), encoding);
  const torch::Tensor logits = torch::full({tokens.size(0), encoding.n_answer(), config.d_vocab}, 1e9);
  forward.Logits(tokens.data_ptr<int64_t>(), static_cast<size_t>(tokens.size(0)), logits.data_ptr<float>());
  return logits;
}

// Rounding to bfloat16 moves a number by up to 1/256 of it, and a logit here by a few times that of the largest.
TEST(ScreenForward_Test, GivenAnyShapeThenLogitsAreTheReferencesButForTheRounding) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  struct Shape {
    int n;
    int64_t layers, heads, d_model, d_head, d_mlp;
    uint64_t count;
  };
  for (const Shape& s : {Shape{2, 1, 1, 40, 9, 70, 3}, Shape{5, 2, 3, 96, 32, 100, 40}, Shape{12, 2, 6, 40, 33, 200, 5},
                         Shape{3, 3, 2, 130, 17, 64, 34}, Shape{2, 4, 5, 64, 16, 31, 70}}) {
    for (const Format format : {Format::kPlain, Format::kSigned}) {
      SCOPED_TRACE(::testing::PrintToString(s.n) + " digits, " + ::testing::PrintToString(s.layers) + " layers");
      const Encoding encoding(s.n, format);
      const ModelConfig config = {s.layers, s.heads,          s.d_model,         s.d_head,
                                  s.d_mlp,  encoding.n_ctx(), encoding.d_vocab()};
      NamedTensors weights = InitialWeights(config, 8, torch::kFloat64);
      for (auto& [name, tensor] : weights) tensor.add_(torch::randn(tensor.sizes(), torch::kFloat64) * 0.1);
      const torch::Tensor tokens = Lines(encoding, s.count);
      const torch::Tensor expected =
          Transformer(config, weights).Forward(tokens).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
      const torch::Tensor logits = LogitsOf(config, weights, encoding, tokens);
      const double largest = expected.abs().max().item<double>();
      EXPECT_LT((logits - expected).abs().max().item<double>(), 0.03 * largest);
      EXPECT_LT((logits - expected).abs().mean().item<double>(), 0.005 * largest);
    }
  }
}

TEST(ScreenForward_Test, GivenATrainedModelThenItIsNoFurtherOffThanHalfOfWhatAScreenAllowsForAtLeast) {
  const torch::NoGradGuard no_grad;
  const Encoding encoding(5, Format::kSigned);
  const ModelConfig config = {2, 3, 96, 32, 384, encoding.n_ctx(), encoding.d_vocab()};
  const NamedTensors weights =
      testing::OracleTensors("mix_d5_l2_h3_small/model.safetensors").Weights(config, torch::kFloat64);
  const torch::Tensor tokens = Lines(encoding, 300);
  const torch::Tensor expected =
      Transformer(config, weights).Forward(tokens).slice(1, encoding.first_answer_row(), encoding.n_ctx() - 1);
  const torch::Tensor logits = LogitsOf(config, weights, encoding, tokens);
  EXPECT_LT((logits - expected).abs().max().item<double>(), Screen::kLeastBound / 2);
}

TEST(ScreenForward_Test, GivenTooLongALineOrTooWideAHeadThenItDoesNotFit) {
  EXPECT_TRUE(ScreenForward::Fits({2, 3, 510, 170, 2040, 18, 12}));
  EXPECT_FALSE(ScreenForward::Fits({2, 3, 510, 170, 2040, 258, 12}));
  EXPECT_FALSE(ScreenForward::Fits({2, 3, 510, 1025, 2040, 18, 12}));
  EXPECT_FALSE(ScreenForward::Fits({2, 3, 510, 170, 2040, 18, 17}));
}

}  // namespace
}  // namespace sumscope::engine::screening
